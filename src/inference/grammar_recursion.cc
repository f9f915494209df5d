#include "inference/grammar_recursion.h"

#include <algorithm>

namespace moat::inference {
namespace {

using Rules = std::vector<GrammarAlternatives>;

struct FirstRule {
    std::uint32_t rule;
    bool pushes;
};

// Rules that may match nothing: those with an alternative of nothing but such rules.
std::vector<bool> empty_rules(const Rules& rules) {
    struct Use {
        std::size_t rule;
        std::size_t alternative;
    };
    std::vector<bool> empty(rules.size());
    std::vector<std::size_t> news;
    const auto found = [&](std::size_t rule) {
        if (!empty[rule]) news.push_back(rule);
        empty[rule] = true;
    };
    std::vector<std::vector<Use>> uses(rules.size());
    std::vector<std::vector<std::size_t>> missing(rules.size());  // symbols not known empty
    for (std::size_t i = 0; i < rules.size(); ++i) {
        for (std::size_t j = 0; j < rules[i].size(); ++j) {
            const GrammarSequence& sequence = rules[i][j];
            missing[i].push_back(sequence.size());
            if (sequence.empty()) found(i);
            for (const Grammar::Symbol& symbol : sequence)
                if (symbol.kind == Grammar::Symbol::Kind::rule)
                    uses[symbol.index].push_back({i, j});
        }
    }
    while (!news.empty()) {
        const std::size_t rule = news.back();
        news.pop_back();
        for (const Use& use : uses[rule])
            if (--missing[use.rule][use.alternative] == 0) found(use.rule);
    }
    return empty;
}

// The rules with which each may begin. `pushes`: something stands behind it.
std::vector<std::vector<FirstRule>> first_rules(const Rules& rules) {
    const std::vector<bool> empty = empty_rules(rules);
    std::vector<std::vector<FirstRule>> out(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        for (const GrammarSequence& sequence : rules[i]) {
            for (const Grammar::Symbol& symbol : sequence) {
                if (symbol.kind != Grammar::Symbol::Kind::rule) break;
                out[i].push_back({symbol.index, &symbol != &sequence.back()});
                if (!empty[symbol.index]) break;
            }
        }
    }
    return out;
}

// For each rule a number; two have the same when each may begin with the other (Tarjan's
// strongly connected components, without recursion).
std::vector<std::uint32_t> circles(const std::vector<std::vector<FirstRule>>& first) {
    constexpr std::uint32_t kNone = UINT32_MAX;
    struct Visit {
        std::uint32_t rule;
        std::size_t next;
    };
    std::vector<std::uint32_t> order(first.size(), kNone);
    std::vector<std::uint32_t> low(first.size(), kNone);
    std::vector<std::uint32_t> circle(first.size(), kNone);
    std::vector<std::uint32_t> open;
    std::vector<Visit> path;
    std::uint32_t count = 0;
    const auto begin = [&](std::uint32_t rule) {
        order[rule] = low[rule] = count++;
        open.push_back(rule);
        path.push_back({rule, 0});
    };
    for (std::uint32_t start = 0; start < first.size(); ++start) {
        if (order[start] == kNone) begin(start);
        while (!path.empty()) {
            const std::uint32_t rule = path.back().rule;
            if (path.back().next < first[rule].size()) {
                const std::uint32_t next = first[rule][path.back().next++].rule;
                if (order[next] == kNone) {
                    begin(next);
                } else if (circle[next] == kNone) {
                    low[rule] = std::min(low[rule], order[next]);
                }
                continue;
            }
            path.pop_back();
            if (!path.empty()) low[path.back().rule] = std::min(low[path.back().rule], low[rule]);
            if (low[rule] != order[rule]) continue;
            for (bool last = false; !last; open.pop_back()) {
                circle[open.back()] = rule;
                last = open.back() == rule;
            }
        }
    }
    return circle;
}

}  // namespace

std::vector<std::uint32_t> left_recursion(const Rules& rules) {
    const auto first = first_rules(rules);
    const std::vector<std::uint32_t> circle = circles(first);
    std::vector<std::uint32_t> out;
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        const auto recurs = [&](const FirstRule& next) {
            return next.pushes && circle[i] == circle[next.rule];
        };
        if (std::ranges::none_of(first[i], recurs)) continue;
        for (std::uint32_t rule = 0; rule < rules.size(); ++rule)
            if (circle[rule] == circle[i]) out.push_back(rule);
        return out;
    }
    return out;
}

}  // namespace moat::inference
