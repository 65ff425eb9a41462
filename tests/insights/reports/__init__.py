"""Reports read roll-ups and histograms, and say what the rows say."""
