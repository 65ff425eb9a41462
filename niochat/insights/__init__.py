"""The read model: projections of the event log, and the reports that are computed from them."""
