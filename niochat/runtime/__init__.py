"""Virtual actors in plain asyncio: no Ray, and no word of the desk."""
