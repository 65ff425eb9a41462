"""Facts about media files, and conversion of recordings to voice notes."""
