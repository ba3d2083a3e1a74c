"""The HTTP door for people: signs in, checks the form of what comes, asks services, answers."""
