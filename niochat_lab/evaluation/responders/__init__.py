"""Who answers as the assistant's model where it is no end point: a person, a program, a file."""
