"""The house rules as tables: which folder may see which, and where a third party may be named.

A folder that is not in MAY_USE, or a third-party header that is not in THIRD_PARTIES, fails the
check: adding either is a decision, made here.
"""

# folder of src/ -> folders whose headers it may include (itself always). Arrows point down only;
# access stands beside the domain folders, which ask it what a principal may do.
MAY_USE = {
    "base": set(),
    "access": {"base"},
    "index": {"base"},
    "models": {"access", "base"},
    "inference": {"models", "access", "base"},
    "documents": {"base"},
    "collections": {"index", "access", "base"},
    "knowledge": {"collections", "documents", "inference", "models", "access", "base"},
    "answers": {"knowledge", "collections", "documents", "inference", "models", "access", "base"},
    "http": {"access", "base"},
    "api": {
        "http", "answers", "knowledge", "collections", "documents", "inference", "models",
        "access", "base",
    },
    "cli": {"models", "base"},  # a Modelfile is read where it lies
    # Implements what the domain folders declare. Never sees api, http or app, nor another adapter.
    "adapters": {
        "answers", "knowledge", "collections", "documents", "inference", "index", "models",
        "access", "cli", "base",
    },
    "app": {
        "cli", "api", "http", "answers", "knowledge", "collections", "documents", "inference",
        "index", "models", "access", "adapters", "base",
    },
}

# Folders made of parts that must not see each other; what stands in the folder itself they share.
SEPARATE_PARTS = {"adapters", "api"}
# Parts that their neighbours may see. api/request: how requests are read, as Go does it (Ollama's
# clients) and strictly.
SHARED_PARTS = {"api/request"}

# A unit test may stand on the real adapters instead of imitations of them.
TESTS_MAY_ALSO_USE = {"adapters"}

# prefix of an <angle> include -> where it may be named ("*" is everywhere; a folder includes its parts).
THIRD_PARTIES = {
    "fmt/": {"*"},
    "boost/json": {"base"},
    "boost/asio": {"http"},
    "boost/beast": {"http"},
    "boost/none.hpp": {"http"},
    "boost/system": {"http", "base"},
    "openssl/": {"base", "http"},
    "zlib.h": {"http"},
    "zstd.h": {"http"},
    "simdjson": {"base"},
    "spdlog/": {"base"},
    "roaring/": {"index", "collections"},
    "llama": {"adapters/llama"},
    "mtmd": {"adapters/llama"},
    "ggml": {"adapters/llama"},
    "gguf.h": {"adapters/llama"},
    "common.h": {"adapters/llama"},
    "log.h": {"adapters/llama"},
    "chat.h": {"adapters/llama"},
    "sampling.h": {"adapters/llama"},
    "speculative.h": {"adapters/llama"},
    "imatrix-loader.h": {"adapters/llama"},
    "json-schema-to-grammar.h": {"adapters/llama"},
    "nlohmann/": {"adapters/llama"},
    "webp/": {"adapters/llama"},
    "rocksdb/": {"adapters/rocksdb"},
    "sqlite3.h": {"adapters/sqlite"},
    "qpdf/": {"adapters/qpdf"},
    "gumbo.h": {"adapters/gumbo"},
    "zip.h": {"adapters/ooxml"},
    "pugixml.hpp": {"adapters/ooxml"},
    "md4c": {"adapters/md4c"},
    "uchardet": {"adapters/text_encoding"},
    # Text analysis is index's own work, and ICU its alphabet; one file there names it for the rest.
    "unicode/": {"index", "adapters/text_encoding", "adapters/icu"},
    "xxhash.h": {"collections"},
    "seccomp.h": {"adapters/sandbox"},
    "linux/seccomp.h": {"adapters/sandbox"},
    "cppjieba/": {"adapters/jieba"},
    "limonp/": {"adapters/jieba"},
    "libstemmer.h": {"adapters/snowball"},
    "curl/": {"adapters/curl"},
    "grpc": {"adapters/grpc"},
    "google/protobuf": {"api/weaviate"},
    "weaviate_v1.pb.h": {"api/weaviate"},  # made by protoc
    "CLI/": {"cli", "app"},
    "histedit.h": {"cli", "adapters/libedit"},
    "editline/": {"cli", "adapters/libedit"},
    "toml++/": {"app"},
    "toml.hpp": {"app"},
}

# Only in *_test.cc and what tests share.
TEST_ONLY = {"gtest/", "gmock/", "benchmark/", "hnswlib/"}

STANDARD = set(
    """
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
    cinttypes climits clocale cmath compare complex concepts condition_variable coroutine csetjmp
    csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
    exception execution expected filesystem forward_list fstream functional future generator
    initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map
    memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio
    regex scoped_allocator semaphore set shared_mutex source_location span spanstream sstream stack
    stacktrace stdexcept stop_token streambuf string string_view strstream syncstream system_error
    thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
    variant vector version
    assert.h ctype.h errno.h float.h inttypes.h limits.h locale.h math.h setjmp.h signal.h stdarg.h
    stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h time.h uchar.h wchar.h
    """.split()
)

# The operating system: anywhere, since it is no dependency.
SYSTEM = {
    "alloca.h", "arpa/", "cpuid.h", "dirent.h", "dlfcn.h", "endian.h", "execinfo.h", "fcntl.h",
    "grp.h", "iconv.h", "ifaddrs.h", "immintrin.h", "langinfo.h", "linux/", "malloc.h", "net/",
    "netdb.h", "netinet/", "poll.h", "pthread.h", "pwd.h", "sched.h", "spawn.h", "sys/",
    "syslog.h", "termios.h", "unistd.h", "wchar.h", "x86intrin.h", "arm_neon.h",
}
