"""What each encoder of static data costs and brings."""
