"""The program that runs: wiring, lifecycle, and the way of intents to the exchange and of its answers back."""
