"""The service: answers about one patient, recorded before they are given."""
