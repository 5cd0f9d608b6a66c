"""What an exit cost: replays of one exit on a tape, the cost card, the record of every decision, a picture."""
