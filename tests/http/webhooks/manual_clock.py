"""A clock that a test moves, and those who sleep by it."""

import asyncio


class SteppedClock:
    """Called it says the time; ``sleep`` returns once a test has moved it far enough."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    @property
    def sleeping(self) -> int:
        """How many wait for the time to go on."""
        return sum(not sleeper.done() for _, sleeper in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, sleeper))
        await sleeper

    async def advance(self, seconds: float) -> None:
        """Wake whoever's time comes, in its order, and let all go on as far as they can."""
        await drain_loop()
        until = self.now + seconds
        while due := sorted(
            (each for each in self._sleepers if each[0] <= until and not each[1].done()),
            key=lambda each: each[0],
        ):
            at, sleeper = due[0]
            self.now = max(at, self.now)
            sleeper.set_result(None)
            await drain_loop()
        self.now = until
        await drain_loop()


async def drain_loop() -> None:
    """Let tasks of this loop go on that wait for nothing outside."""
    for _ in range(10):
        await asyncio.sleep(0)
