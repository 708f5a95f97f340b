// What the engine does in one step (EVAL), so that nobody gets in between: Lua as Redis and Valkey have it.
//
// Threads: any; constants.
#pragma once

namespace sternpost::scripts {

// KEYS: entry, lease. ARGV: the entry to be replaced ("" for none), the new one, its lifetime in milliseconds, the token,
// channel and news. 1: done; 0: another one is there now.
inline constexpr const char* replace = R"(
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('DEL', KEYS[2]) end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1)";

// KEYS: lease. ARGV: token, channel, news. 1: it was ours.
inline constexpr const char* release = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1)";

}  // namespace sternpost::scripts
