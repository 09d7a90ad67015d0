"""What `report.json` and a comparison hold: each key with its type, unit and meaning, one file a subject."""
