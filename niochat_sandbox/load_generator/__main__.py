"""Command line of the load generator: ``python -m niochat_sandbox.load_generator --port N``."""

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
    """Runs one job at a time, and receives the replies that the product sends by the gateway."""

    def __init__(self) -> None:
        self.unexpected: Counter[str] = Counter()
        self.rejected = RejectedWebhookStore()
        self._awaited: dict[str, StreamRun] = {}
        self._runs: list[StreamRun] = []
        self._numbers: dict[int, int] = {}
        self._answered: set[str] = set()
        self._twice = self._late = 0

    def record_replies(self, text: str) -> None:
        """Count the tags in a text that the product sends; a tag may be answered only once."""
        for tag in TAG_PATTERN.findall(text):
            run = self._awaited.pop(tag, None)
            if run is not None:
                run.record_reply(tag)
            elif tag in self._answered:
                self._twice += 1
            else:
                self._late += 1  # of a job that has ended
            self._answered.add(tag)

    async def handle_control(self, path: str, body: bytes) -> bytes:
        """Handle ``/sandbox/run``, which runs a job, and ``/sandbox/progress``, which reports its
        progress.
        """
        match path:
            case "/sandbox/health":
                return b'{"status":"ok"}'
            case "/sandbox/progress":
                return orjson.dumps([_summarize(each.result) for each in self._runs])
            case "/sandbox/run":
                return await self._run(orjson.loads(body))
            case _:
                raise ValueError(f"unknown path {path}")

    async def _run(self, job: dict[str, object]) -> bytes:
        streams = job["streams"]
        seconds, settle_s = float(str(job["seconds"])), float(str(job.get("settle_s", 5)))
        assert isinstance(streams, list)
        self._awaited, self._twice, self._late = {}, 0, 0
        self._runs = [
            StreamRun(LoadStream.from_json(each), self._awaited, self._numbers, self.rejected)
            for each in streams
        ]
        try:
            await asyncio.gather(*(self._run_stream(each, seconds) for each in self._runs))
            outcomes = await asyncio.gather(*(each.drain(settle_s) for each in self._runs))
        finally:
            for each in self._runs:
                each.close()
        results = [asdict(outcome) for outcome in outcomes]
        counters = {"twice": self._twice, "late": self._late, "strange": dict(self.unexpected)}
        return orjson.dumps({"streams": results, **counters})

    async def _run_stream(self, run: StreamRun, seconds: float) -> None:
        """Run one stream; when a stream with a fixed number of messages ends, the other streams
        end.
        """
        await run.run(seconds)
        if run.stream.messages:
            for each in self._runs:
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
    generator = LoadGenerator()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: LoadServerProtocol(
            generator.record_replies,
            generator.handle_control,
            generator.unexpected,
            generator.rejected,
        ),
        host,
        port,
        backlog=1024,
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m niochat_sandbox.load_generator", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
