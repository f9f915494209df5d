#include "inference/grammar_matcher.h"

#include <utility>

namespace moat::inference {
namespace {

constexpr std::size_t kMostWays = 2048;
constexpr std::size_t kMostPlaces = std::size_t{1} << 20;
constexpr std::size_t kPlacesToKeep = std::size_t{1} << 14;
constexpr std::size_t kDefaultSteps = std::size_t{1} << 26;

using Kind = Grammar::Symbol::Kind;

}  // namespace

GrammarMatcher::GrammarMatcher(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)), steps_left_(kDefaultSteps) {}

std::uint32_t GrammarMatcher::remember(Place place) {
    const auto [known, is_new] =
        known_.try_emplace(key_of(place), static_cast<std::uint32_t>(places_.size()));
    if (is_new) {
        places_.push_back(place);
        visited_.push_back(0);
        if (places_.size() > kMostPlaces) exhausted_ = true;
    }
    return known->second;
}

void GrammarMatcher::visit(std::uint32_t place) {
    if (visited_[place] == round_) return;
    visited_[place] = round_;
    to_enter_.push_back(place);
}

// From `place` to all the bytes it may come to: into rules, and out of those that end.
void GrammarMatcher::enter(std::uint32_t place, State& out) {
    visit(place);
    while (!to_enter_.empty()) {
        if (steps_left_ == 0 || out.ways.size() > kMostWays) exhausted_ = true;
        if (exhausted_) {
            to_enter_.clear();
            return;
        }
        --steps_left_;
        const std::uint32_t at = to_enter_.back();
        to_enter_.pop_back();
        const Place here = places_[at];
        const Grammar::Symbol& symbol = grammar_->symbol(here.position);
        if (symbol.kind == Kind::bytes) {
            out.ways.push_back(at);
        } else if (symbol.kind == Kind::rule) {
            // Nothing stands behind the last symbol: one need not come back to it.
            const bool last = grammar_->symbol(here.position + 1).kind == Kind::end;
            const std::uint32_t after =
                last ? here.after : remember({here.position + 1, here.after});
            for (const std::uint32_t start : grammar_->alternatives(symbol.index))
                visit(remember({start, after}));
        } else if (here.after == kNowhere) {
            out.may_end = true;
        } else {
            visit(here.after);
        }
    }
}

GrammarMatcher::State GrammarMatcher::begin() {
    State state;
    ++round_;
    for (const std::uint32_t start : grammar_->alternatives(grammar_->root()))
        enter(remember({start, kNowhere}), state);
    return state;
}

bool GrammarMatcher::step(State& state, std::string_view bytes) {
    State next;
    for (const char c : bytes) {
        ++round_;
        next.ways.clear();
        next.may_end = false;
        for (const std::uint32_t way : state.ways) {
            if (steps_left_ == 0) exhausted_ = true;
            if (exhausted_) return false;
            --steps_left_;
            const Place here = places_[way];
            const std::uint32_t set = grammar_->symbol(here.position).index;
            if (!grammar_->bytes(set).test(static_cast<unsigned char>(c))) continue;
            enter(remember({here.position + 1, here.after}), next);
        }
        std::swap(state, next);
        if (state.ways.empty() && !state.may_end) return false;
    }
    return !exhausted_;
}

Grammar::ByteSet GrammarMatcher::next(const State& state) const {
    Grammar::ByteSet out;
    for (const std::uint32_t way : state.ways)
        out |= grammar_->bytes(grammar_->symbol(places_[way].position).index);
    return out;
}

void GrammarMatcher::forget_since(std::size_t mark) {
    for (std::size_t i = mark; i < places_.size(); ++i)
        known_.erase(key_of(places_[i]));
    places_.resize(mark);
    visited_.resize(mark);
}

void GrammarMatcher::keep_only(State& state) {
    if (places_.size() < kPlacesToKeep) return;
    const std::vector<Place> old = std::exchange(places_, {});
    known_.clear();
    visited_.clear();
    round_ = 0;
    // A place lies behind what it leads to: in that order, new numbers are known when needed.
    std::vector<bool> needed(old.size());
    for (const std::uint32_t way : state.ways)
        for (std::uint32_t at = way; at != kNowhere && !needed[at]; at = old[at].after)
            needed[at] = true;
    std::vector<std::uint32_t> numbers(old.size(), kNowhere);
    for (std::uint32_t i = 0; i < old.size(); ++i) {
        if (!needed[i]) continue;
        const std::uint32_t after = old[i].after == kNowhere ? kNowhere : numbers[old[i].after];
        numbers[i] = remember({old[i].position, after});
    }
    for (std::uint32_t& way : state.ways)
        way = numbers[way];
}

}  // namespace moat::inference
