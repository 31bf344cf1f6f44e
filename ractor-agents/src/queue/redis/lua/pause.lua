-- ARGV[5]: 1 or 0.
S[PAUSED] = tonumber(ARGV[5])
dirty, woke = true, true
return finish(1)
