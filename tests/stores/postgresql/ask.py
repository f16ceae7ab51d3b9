"""A program: run one statement as a superuser and print the first value that it answers."""
# ruff: noqa: T201 - what it prints is what it is for

import asyncio
import sys

import asyncpg


async def main(port: str, user: str, statement: str) -> None:
    """Run it."""
    connection = await asyncpg.connect(
        host="127.0.0.1", port=int(port), user=user, database="postgres", ssl=False, timeout=10
    )
    if statement.startswith("select"):
        found = await connection.fetchval(statement)
        print("" if found is None else int(found) if isinstance(found, bool) else found)
    else:
        await connection.execute(statement)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
