-- ARGV[5]: which run of the server this is. After another, what was not on disk may be lost: tokens that were given then are never given again.
advance()
if call('GET', K .. ':run') ~= ARGV[5] then
  call('SET', K .. ':run', ARGV[5])
  if raw then S[EPOCH] = math.max(S[EPOCH] + 1, clock[1] * 1000000 + clock[2]) end
  dirty = true
end
return finish(1)
