"""What a change is held against: its base, what differs, and where the findings of both sides stand."""
