"""One token request for all coroutines of all processes."""

from .shop import LIFETIME, Shop

PROCESSES = 8
COROUTINES = 100
ROUNDS = 50
ALL = PROCESSES * COROUTINES


async def _requests_of_a_round(shop: Shop) -> tuple[int, int, int, bool]:
    """Return requests, tokens, coroutines that got one, and whether all tokens are valid."""
    before = shop.requests()
    answers = await shop.token(COROUTINES)
    good = shop.all_live(answers.tokens)
    return shop.requests() - before, len(answers.tokens), answers.served, good


async def test_8_processes_times_100_coroutines_make_one_request_cold(shop: Shop) -> None:
    """Processes without a token make one request together, in each of 50 rounds."""
    shop.sandbox.latency = {"oauth/token": 0.02}
    await shop.start_workers(PROCESSES)
    rounds: list[tuple[int, int, int, bool]] = []
    for number in range(ROUNDS):
        shop.sandbox.client_id = f"shop {number}"
        await shop.open_all()
        rounds.append(await _requests_of_a_round(shop))

    assert [(1, 1, ALL, True)] * ROUNDS == rounds


async def test_8_processes_times_100_coroutines_make_one_request_at_expiry(shop: Shop) -> None:
    """Processes with an expired token, some rounds in an expired record, make one request."""
    shop.sandbox.latency = {"oauth/token": 0.02}
    await shop.start_workers(PROCESSES)
    await shop.token()
    rounds: list[tuple[int, int, int, bool]] = []
    for number in range(ROUNDS):
        await shop.advance(LIFETIME + number % 2 * 100)
        rounds.append(await _requests_of_a_round(shop))

    assert [(1, 1, ALL, True)] * ROUNDS == rounds
    assert 0 == shop.requests("refresh_token")
