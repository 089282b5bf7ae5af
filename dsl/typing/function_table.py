"""The functions and operators that conditions may use, a signature a line.

`string.contains(string) -> bool`: before the dot stands a type (a member function) or a namespace;
a capital letter is a parameter that may be any type, `a|b` is one of several types, `x...` any
number of arguments. In one signature all `money` has one currency. `pattern` is a regular
expression and must be a literal; `mode` is a way to round. What a function does is the engine's
business.
Source: cel-spec langdef.md, "Standard definitions"; cel-go's extensions;
docs/language.md#expressions.
"""

FUNCTIONS = """
# standard
size(string|bytes|list<A>|map<K, V>) -> int
(string|bytes|list<A>|map<K, V>).size() -> int
string.contains(string) -> bool
string.startsWith(string) -> bool
string.endsWith(string) -> bool
string.matches(pattern) -> bool
matches(string, pattern) -> bool
type(A) -> type
dyn(A) -> any

# conversions
bool(bool|string) -> bool
int(int|uint|double|decimal|string|timestamp) -> int
uint(uint|int|double|string) -> uint
double(double|int|uint|decimal|string) -> double
decimal(decimal|int|uint|string) -> decimal
money(money) -> money
money(string) -> money
string(string|bool|int|uint|double|decimal|bytes|timestamp|duration|money|IP|CIDR) -> string
bytes(bytes|string) -> bytes
timestamp(timestamp|string|int) -> timestamp
duration(duration|string) -> duration

# exact numbers
round(decimal|int|uint, int, mode) -> decimal
round(money, int, mode) -> money
divide(decimal|int|uint, decimal|int|uint, int, mode) -> decimal
divide(money, decimal|int|uint, int, mode) -> money
divide(money, money, int, mode) -> decimal

# time; the second form takes the name of a time zone
timestamp.in(calendar) -> bool
timestamp.getFullYear() -> int
timestamp.getFullYear(string) -> int
timestamp.getMonth() -> int
timestamp.getMonth(string) -> int
timestamp.getDate() -> int
timestamp.getDate(string) -> int
timestamp.getDayOfMonth() -> int
timestamp.getDayOfMonth(string) -> int
timestamp.getDayOfWeek() -> int
timestamp.getDayOfWeek(string) -> int
timestamp.getDayOfYear() -> int
timestamp.getDayOfYear(string) -> int
(timestamp|duration).getHours() -> int
timestamp.getHours(string) -> int
(timestamp|duration).getMinutes() -> int
timestamp.getMinutes(string) -> int
(timestamp|duration).getSeconds() -> int
timestamp.getSeconds(string) -> int
(timestamp|duration).getMilliseconds() -> int
timestamp.getMilliseconds(string) -> int

# strings
string.charAt(int) -> string
string.indexOf(string) -> int
string.indexOf(string, int) -> int
string.lastIndexOf(string) -> int
string.lastIndexOf(string, int) -> int
string.substring(int) -> string
string.substring(int, int) -> string
string.lowerAscii() -> string
string.upperAscii() -> string
string.trim() -> string
string.reverse() -> string
string.replace(string, string) -> string
string.replace(string, string, int) -> string
string.split(string) -> list<string>
string.split(string, int) -> list<string>
string.format(list<A>) -> string
strings.quote(string) -> string
list<string>.join() -> string
list<string>.join(string) -> string

# math
math.greatest(int...) -> int
math.greatest(uint...) -> uint
math.greatest(double...) -> double
math.greatest(decimal...) -> decimal
math.greatest(money...) -> money
math.greatest(int|uint|double...) -> any
math.greatest(int|uint|decimal...) -> any
math.greatest(list<A>) -> A
math.least(int...) -> int
math.least(uint...) -> uint
math.least(double...) -> double
math.least(decimal...) -> decimal
math.least(money...) -> money
math.least(int|uint|double...) -> any
math.least(int|uint|decimal...) -> any
math.least(list<A>) -> A
math.abs(int) -> int
math.abs(uint) -> uint
math.abs(double) -> double
math.abs(decimal) -> decimal
math.abs(money) -> money
math.sign(int|decimal|money) -> int
math.sign(uint) -> uint
math.sign(double) -> double
math.ceil(double) -> double
math.floor(double) -> double
math.trunc(double) -> double
math.round(double) -> double
math.isNaN(double) -> bool
math.isInf(double) -> bool
math.isFinite(double) -> bool
math.sqrt(int|uint|double) -> double
math.bitAnd(int, int) -> int
math.bitAnd(uint, uint) -> uint
math.bitOr(int, int) -> int
math.bitOr(uint, uint) -> uint
math.bitXor(int, int) -> int
math.bitXor(uint, uint) -> uint
math.bitNot(int) -> int
math.bitNot(uint) -> uint
math.bitShiftLeft(int, int) -> int
math.bitShiftLeft(uint, int) -> uint
math.bitShiftRight(int, int) -> int
math.bitShiftRight(uint, int) -> uint

# lists and sets
lists.range(int) -> list<int>
list<A>.slice(int, int) -> list<A>
list<list<A>>.flatten() -> list<A>
list<A>.flatten() -> list<A>
list<A>.flatten(int) -> list<any>
list<A>.distinct() -> list<A>
list<A>.sort() -> list<A>
list<A>.reverse() -> list<A>
list<A>.first() -> optional<A>
list<A>.last() -> optional<A>
sets.contains(list<A>, list<A>) -> bool
sets.equivalent(list<A>, list<A>) -> bool
sets.intersects(list<A>, list<A>) -> bool

# optional values
optional.of(A) -> optional<A>
optional.ofNonZeroValue(A) -> optional<A>
optional.none() -> optional<A>
optional.unwrap(list<optional<A>>) -> list<A>
list<optional<A>>.unwrapOpt() -> list<A>
optional<A>.hasValue() -> bool
optional<A>.value() -> A
optional<A>.or(optional<A>) -> optional<A>
optional<A>.orValue(A) -> A

# encoders, regular expressions
base64.encode(bytes) -> string
base64.decode(string) -> bytes
regex.replace(string, pattern, string) -> string
regex.replace(string, pattern, string, int) -> string
regex.extract(string, pattern) -> optional<string>
regex.extractAll(string, pattern) -> list<string>

# network
ip(string) -> IP
isIP(string) -> bool
ip.isCanonical(string) -> bool
cidr(string) -> CIDR
isCIDR(string) -> bool
IP.family() -> int
IP.isUnspecified() -> bool
IP.isLoopback() -> bool
IP.isLinkLocalMulticast() -> bool
IP.isLinkLocalUnicast() -> bool
IP.isGlobalUnicast() -> bool
CIDR.containsIP(IP|string) -> bool
CIDR.containsCIDR(CIDR|string) -> bool
CIDR.ip() -> IP
CIDR.masked() -> CIDR
CIDR.prefixLength() -> int
"""

# Comparisons are not here: they take any two types that have something in common.
OPERATORS = """
int + int -> int
uint + uint -> uint
double + double -> double
decimal + decimal|int|uint -> decimal
int|uint + decimal -> decimal
money + money -> money
string + string -> string
bytes + bytes -> bytes
list<A> + list<A> -> list<A>
timestamp + duration -> timestamp
duration + timestamp -> timestamp
duration + duration -> duration

int - int -> int
uint - uint -> uint
double - double -> double
decimal - decimal|int|uint -> decimal
int|uint - decimal -> decimal
money - money -> money
timestamp - timestamp -> duration
timestamp - duration -> timestamp
duration - duration -> duration

int * int -> int
uint * uint -> uint
double * double -> double
decimal * decimal|int|uint -> decimal
int|uint * decimal -> decimal
money * decimal|int|uint -> money
decimal|int|uint * money -> money

int / int -> int
uint / uint -> uint
double / double -> double
decimal / decimal|int|uint -> decimal
int|uint / decimal -> decimal
money / decimal|int|uint -> money
money / money -> decimal

int % int -> int
uint % uint -> uint
decimal % decimal|int|uint -> decimal
int|uint % decimal -> decimal

-int -> int
-double -> double
-decimal -> decimal
-money -> money
-duration -> duration
"""
