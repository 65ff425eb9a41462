"""Follow-ups of customers who went quiet, and opt-outs of messages that the provider begins."""

from pathlib import Path

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Run the script beside this file, past SQLAlchemy: it would read ``%`` as a parameter."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script)
