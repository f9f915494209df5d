#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

// How a function says that it failed.
//
//   Result<Model> open(...);          a value or an Error
//   Status remove(...);               nothing or an Error
//   TRY(remove(x));                   returns the error to the caller
//   TRY_ASSIGN(const Model m, open(x));
//
// The code is for programs, the message for people: it names the cause and, where there is one,
// the remedy. It never holds a key, a prompt or document text. Exceptions are for bugs and
// out-of-memory; what a third party throws is caught in its adapter.
namespace moat {

enum class ErrorCode {
    invalid_argument,  // the caller's input is wrong
    unauthenticated,   // who is asking is not known
    forbidden,         // known, and not allowed
    not_found,
    conflict,     // exists already, or is in use
    too_large,    // over a limit of size, memory or time
    corrupt,      // stored or given data does not hold together
    io,           // disk or network
    busy,         // try again later
    timed_out,    // took too long
    cancelled,    // the caller went away
    unsupported,  // well-formed, but not something this build or model can do
    internal,     // a bug or a lost child process
};

std::string_view to_string(ErrorCode code);

struct Error {
    ErrorCode code;
    std::string message;
};

struct Ok {};

template <class T>
class [[nodiscard]] Result {
  public:
    // Implicit on purpose: `return value;` and `return Error{...};` both read well.
    // NOLINTBEGIN(google-explicit-constructor)
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
    // NOLINTEND(google-explicit-constructor)

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return checked_value(); }
    const T& value() const& { return const_cast<Result*>(this)->checked_value(); }
    T&& value() && { return std::move(checked_value()); }
    T& operator*() & { return checked_value(); }
    const T& operator*() const& { return const_cast<Result*>(this)->checked_value(); }
    T&& operator*() && { return std::move(checked_value()); }
    T* operator->() { return &checked_value(); }
    const T* operator->() const { return &const_cast<Result*>(this)->checked_value(); }

    T value_or(T fallback) && {
        return has_value() ? std::move(checked_value()) : std::move(fallback);
    }

    const Error& error() const& {
        CHECK(!has_value());
        return *std::get_if<1>(&state_);
    }
    Error&& error() && {
        CHECK(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

  private:
    T& checked_value() {
        CHECK(has_value(), "value() of an error: ", std::get_if<1>(&state_)->message);
        return *std::get_if<0>(&state_);
    }

    std::variant<T, Error> state_;
};

using Status = Result<Ok>;

}  // namespace moat

#define MOAT_CONCAT_(a, b) a##b
#define MOAT_CONCAT(a, b) MOAT_CONCAT_(a, b)

// Returns the error of `expr` to the caller.
#define TRY(expr)                                                           \
    do {                                                                    \
        auto moat_try_ = (expr);                                            \
        if (!moat_try_) return ::moat::Error(std::move(moat_try_).error()); \
    } while (false)

// Declares `decl` from the value of `expr`, or returns its error to the caller.
#define TRY_ASSIGN(decl, expr) TRY_ASSIGN_(decl, expr, MOAT_CONCAT(moat_try_, __COUNTER__))
#define TRY_ASSIGN_(decl, expr, name)                         \
    auto name = (expr);                                       \
    if (!name) return ::moat::Error(std::move(name).error()); \
    decl = std::move(name).value()
