#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/grammar.h"

// Follows a text through a grammar, all ways at once. A way is a place in a rule and where to go on
// after it; ways share what they have in common, and equal ones are one. What an ambiguous grammar
// would let grow without bound is bounded: in ways at one time, in steps, in places remembered.
//
// Threads: one at a time. Cost: a byte costs as many steps as there are ways (a few, for JSON).
namespace moat::inference {

class GrammarMatcher {
  public:
    // Where a text has led to. Copied freely; only good with the matcher it came from.
    struct State {
        std::vector<std::uint32_t> ways;  // each before a byte
        bool may_end = false;             // the text is complete as it is
    };

    explicit GrammarMatcher(std::shared_ptr<const Grammar> grammar);

    State begin();
    // False: no text of the grammar goes on like this (`state` is then of no use), or
    // is_exhausted().
    bool step(State& state, std::string_view bytes);
    // The bytes that may come next.
    Grammar::ByteSet next(const State& state) const;

    // What follows costs at most `steps`; beyond, every step() fails.
    void allow_steps(std::size_t steps) { steps_left_ = steps; }
    bool is_exhausted() const { return exhausted_; }

    // What was remembered since mark() is forgotten; states made since are of no use.
    std::size_t mark() const { return places_.size(); }
    void forget_since(std::size_t mark);
    // All but what `state` needs is forgotten, when it is much. Other states are of no use then.
    void keep_only(State& state);

  private:
    struct Place {
        std::uint32_t position;
        std::uint32_t after;  // another place, or kNowhere
    };
    static constexpr std::uint32_t kNowhere = UINT32_MAX;

    static std::uint64_t key_of(Place place) {
        return std::uint64_t{place.position} << 32 | place.after;
    }
    std::uint32_t remember(Place place);
    void enter(std::uint32_t place, State& out);
    void visit(std::uint32_t place);

    std::shared_ptr<const Grammar> grammar_;
    std::vector<Place> places_;
    std::unordered_map<std::uint64_t, std::uint32_t> known_;
    std::vector<std::uint32_t> visited_;  // by place: the round that saw it last
    std::uint32_t round_ = 0;
    std::vector<std::uint32_t> to_enter_;  // scratch
    std::size_t steps_left_;
    bool exhausted_ = false;
};

}  // namespace moat::inference
