"""`python -m niochat_sandbox.load_generator --port N`: serves until it is told to stop."""

import argparse
import asyncio
from collections import Counter
from dataclasses import asdict

import orjson
import uvloop

from niochat_sandbox.load_generator.canned_responses import TAG_PATTERN
from niochat_sandbox.load_generator.load_job import LoadStream, LoadStreamResult
from niochat_sandbox.load_generator.load_server import LoadServerProtocol
from niochat_sandbox.load_generator.rejected_webhooks import RejectedWebhookStore
from niochat_sandbox.load_generator.stream_run import StreamRun


class LoadGenerator:
    """Runs one job at a time, and hears what the gateway is told to send."""

    def __init__(self) -> None:
        self.strange: Counter[str] = Counter()
        self.kept = RejectedWebhookStore()
        self._awaited: dict[str, StreamRun] = {}
        self._writings: list[StreamRun] = []
        self._numbers: dict[int, int] = {}
        self._answered: set[str] = set()
        self._twice = self._late = 0

    def record_replies(self, text: str) -> None:
        """A text leaves for a customer; one that names a message again is counted."""
        for named in TAG_PATTERN.findall(text):
            writing = self._awaited.pop(named, None)
            if writing is not None:
                writing.record_reply(named)
            elif named in self._answered:
                self._twice += 1
            else:
                self._late += 1  # of a job that was over
            self._answered.add(named)

    async def handle_control(self, path: str, body: bytes) -> bytes:
        """`/sandbox/run` runs a job; `/sandbox/progress` says how far it is."""
        match path:
            case "/sandbox/health":
                return b'{"status":"ok"}'
            case "/sandbox/progress":
                return orjson.dumps([_summarize(each.outcome) for each in self._writings])
            case "/sandbox/run":
                return await self._run(orjson.loads(body))
            case _:
                raise ValueError(f"there is no {path}")

    async def _run(self, job: dict[str, object]) -> bytes:
        streams = job["streams"]
        seconds, settle_s = float(str(job["seconds"])), float(str(job.get("settle_s", 5)))
        assert isinstance(streams, list)
        self._awaited, self._twice, self._late = {}, 0, 0
        self._writings = [
            StreamRun(LoadStream.from_json(each), self._awaited, self._numbers, self.kept)
            for each in streams
        ]
        try:
            await asyncio.gather(*(self._run_stream(each, seconds) for each in self._writings))
            outcomes = await asyncio.gather(*(each.drain(settle_s) for each in self._writings))
        finally:
            for each in self._writings:
                each.close()
        told = [asdict(outcome) for outcome in outcomes]
        heard = {"twice": self._twice, "late": self._late, "strange": dict(self.strange)}
        return orjson.dumps({"streams": told, **heard})

    async def _run_stream(self, writing: StreamRun, seconds: float) -> None:
        """Run one stream; those with an end of their own end the job."""
        await writing.run(seconds)
        if writing.stream.messages:
            for each in self._writings:
                if not each.stream.messages:
                    each.stop_writing()


def _summarize(outcome: LoadStreamResult) -> dict[str, object]:
    return {
        "name": outcome.name,
        "posted": outcome.posted,
        "accepted": outcome.accepted,
        "answered": outcome.answered,
        "measured": len(outcome.latencies_ms),
    }


async def serve(port: int, host: str = "127.0.0.1") -> None:
    """Listen until cancelled."""
    crowd = LoadGenerator()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: LoadServerProtocol(
            crowd.record_replies, crowd.handle_control, crowd.strange, crowd.kept
        ),
        host,
        port,
        backlog=1024,
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(
        prog="python -m niochat_sandbox.load_generator", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
