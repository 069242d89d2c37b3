"""The top floor, left: make and judge a risk model."""
