#pragma once

#include <sstream>
#include <string>

// CHECK(condition, text...): ends the process with file, line and the texts when our own code is
// wrong. On in every build. Never for input: input gets an Error (base/result.h).
namespace moat {

[[noreturn]] void check_failed(
    const char* file, int line, const char* condition, const std::string& text
);

template <class... Parts>
std::string check_text(const Parts&... parts) {
    std::ostringstream out;
    static_cast<void>((out << ... << parts));
    return std::move(out).str();
}

}  // namespace moat

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) [[unlikely]]                                                             \
            ::moat::check_failed(__FILE__, __LINE__, #condition, ::moat::check_text(__VA_ARGS__)); \
    } while (false)
