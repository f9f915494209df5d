#pragma once

#include <span>
#include <string>

namespace moat::index {

// Turns the forms of a word into one: "connected" and "connections" into "connect".
//
// Threads: any.
class Stemmer {
  public:
    virtual ~Stemmer() = default;

    // Replaces each word, which is of the letters a to z, by its stem.
    virtual void stem(std::span<std::string> words) const = 0;
};

}  // namespace moat::index
