"""How people come onto the event's list: one way to write them there, whoever brings them; and the portal's flow."""
