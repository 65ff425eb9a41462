"""Virtual actors in plain asyncio: without Ray, and without terms of customer service."""
