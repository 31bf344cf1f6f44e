-- Whether more is due.
advance()
return finish(S[NEXT] <= now and 1 or 0)
