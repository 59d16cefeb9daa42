"""How instants look where Django shows them by itself, as in /admin/: with their zone, 24 hours."""

DATETIME_FORMAT = "j M Y, H:i T"
DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
