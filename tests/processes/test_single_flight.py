"""One token request for all coroutines of all processes."""

from .shop import LIFETIME, Shop

PROCESSES = 8
COROUTINES = 100
ROUNDS = 50
ALL = PROCESSES * COROUTINES


async def _requests_of_a_round(shop: Shop) -> tuple[int, int, int, bool]:
    """Let everybody ask: requests, tokens, coroutines that got one, and whether it is good."""
    before = shop.requests()
    answers = await shop.token(COROUTINES)
    good = shop.all_live(answers.tokens)
    return shop.requests() - before, len(answers.tokens), answers.served, good


async def test_8_processes_times_100_coroutines_make_one_request_cold(shop: Shop) -> None:
    """Processes that know no token get one together, in each of 50 rounds."""
    shop.sandbox.latency = {"oauth/token": 0.02}
    await shop.hire(PROCESSES)
    rounds: list[tuple[int, int, int, bool]] = []
    for number in range(ROUNDS):
        shop.sandbox.client_id = f"shop {number}"
        await shop.open_all()
        rounds.append(await _requests_of_a_round(shop))

    assert [(1, 1, ALL, True)] * ROUNDS == rounds


async def test_8_processes_times_100_coroutines_make_one_request_at_expiry(shop: Shop) -> None:
    """Processes whose token has ended, record and all now and then, get one together, too."""
    shop.sandbox.latency = {"oauth/token": 0.02}
    await shop.hire(PROCESSES)
    await shop.token()
    rounds: list[tuple[int, int, int, bool]] = []
    for number in range(ROUNDS):
        await shop.advance(LIFETIME + number % 2 * 100)
        rounds.append(await _requests_of_a_round(shop))

    assert [(1, 1, ALL, True)] * ROUNDS == rounds
    assert 0 == shop.requests("refresh_token")
