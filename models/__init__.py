"""The first floor: fitted things that can be saved, loaded, asked and explained."""
