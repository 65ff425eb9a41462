"""SGP (TSMX), the ERP of many Brazilian internet providers: questions, writes, probing."""
