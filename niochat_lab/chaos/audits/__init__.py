"""What is looked at after a run: messages, projections, mirrors."""
