"""Why a network cannot fit on a chip, known before any search."""
