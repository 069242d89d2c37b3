"""The ground floor: what is known about a course, and how it becomes numbers."""
