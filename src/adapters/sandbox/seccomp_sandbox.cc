#include "adapters/sandbox/seccomp_sandbox.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace moat::adapters {
namespace {

// The sanitizers' own threads, files, calls and address space would not survive the real limits.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

// Memory, open descriptors, time, and the end of the process.
constexpr std::array kAllowed = {
    SCMP_SYS(read),         SCMP_SYS(readv),
    SCMP_SYS(pread64),      SCMP_SYS(lseek),
    SCMP_SYS(write),        SCMP_SYS(writev),
    SCMP_SYS(sendmsg),      SCMP_SYS(close),
    SCMP_SYS(fstat),        SCMP_SYS(brk),
    SCMP_SYS(munmap),       SCMP_SYS(mremap),
    SCMP_SYS(madvise),      SCMP_SYS(futex),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(getpid),
    SCMP_SYS(gettid),       SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom),    SCMP_SYS(sched_yield),
    SCMP_SYS(getrusage),    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),
    SCMP_SYS(sigaltstack),
};

// What libraries ask for in passing and do without.
constexpr std::array kRefused = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(ioctl),
    SCMP_SYS(fcntl),
    SCMP_SYS(getcwd),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(set_robust_list),
};

Status limit(int resource, rlim_t value, rlim_t hard) {
    const rlimit both{value, hard};
    if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &both) != 0)
        return Error{ErrorCode::unsupported, "cannot confine the parser: setrlimit failed"};
    return Ok{};
}

// Bytes of address space in use: the limit is for what comes on top.
rlim_t address_space_in_use() {
    unsigned long pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
        if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
        (void)std::fclose(file);  // only read
    }
    return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

Status limit_resources(const documents::ParseLimits& limits) {
    const rlim_t seconds = static_cast<rlim_t>(limits.seconds);
    TRY(limit(RLIMIT_CPU, seconds, seconds + 2));
    TRY(limit(RLIMIT_FSIZE, 0, 0));
    TRY(limit(RLIMIT_CORE, 0, 0));
    if (kSanitized) return Ok{};
    const rlim_t memory = address_space_in_use() + limits.memory_bytes;
    TRY(limit(RLIMIT_AS, memory, memory));
    return limit(RLIMIT_NOFILE, 0, 0);
}

struct FreeFilter {
    void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};

int add_rules(scmp_filter_ctx filter) {
    int failed = 0;
    for (const int call : kRefused)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
    if (kSanitized) return failed;  // all else is allowed
    for (const int call : kAllowed)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
    // Memory that can be run is not memory for data.
    const scmp_arg_cmp not_executable{
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0
    };
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
        failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &not_executable);
    // abort() signals its own process.
    const scmp_arg_cmp self{
        .arg = 0,
        .op = SCMP_CMP_EQ,
        .datum_a = static_cast<scmp_datum_t>(::getpid()),
        .datum_b = 0,
    };
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
    return failed;
}

}  // namespace

Status SeccompSandbox::confine(const documents::ParseLimits& limits) const {
    const Error refused{
        ErrorCode::unsupported,
        "cannot confine the parser: this kernel or container does not allow seccomp filters"
    };
    TRY(limit_resources(limits));
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) return refused;
    const std::unique_ptr<void, FreeFilter> filter(
        seccomp_init(kSanitized ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS)
    );
    if (!filter || add_rules(filter.get()) != 0 || seccomp_load(filter.get()) != 0) return refused;
    return Ok{};
}

}  // namespace moat::adapters
