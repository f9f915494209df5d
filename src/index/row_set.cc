#include "index/row_set.h"

#include <algorithm>

#include "index/coding.h"
#include "index/vector_kernels.h"

namespace moat::index {

RowSet RowSet::range(Row begin, Row end) {
    RowSet set;
    set.add_range(begin, end);
    return set;
}

RowSet RowSet::of_words(std::vector<std::uint64_t> words) {
    RowSet set;
    set.words_ = std::move(words);
    return set;
}

std::uint64_t RowSet::mask_of(std::size_t word, Row begin, Row end) {
    const std::uint64_t first = std::uint64_t{word} * 64;
    std::uint64_t mask = ~std::uint64_t{0};
    if (begin > first) {
        const std::uint64_t skip = begin - first;
        mask = skip >= 64 ? 0 : mask << skip;
    }
    if (end < first + 64) {
        const std::uint64_t keep = end > first ? end - first : 0;
        mask &= keep == 0 ? 0 : ~std::uint64_t{0} >> (64 - keep);
    }
    return mask;
}

void RowSet::add_range(Row begin, Row end) {
    if (begin >= end) return;
    const std::size_t last = (std::size_t{end} + 63) / 64;
    if (words_.size() < last) words_.resize(last);
    for (std::size_t word = begin / 64; word < last; ++word) {
        words_[word] |= mask_of(word, begin, end);
    }
}

RowSet& RowSet::operator&=(const RowSet& other) {
    if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
    for (std::size_t i = 0; i < words_.size(); ++i)
        words_[i] &= other.words_[i];
    return *this;
}

RowSet& RowSet::operator|=(const RowSet& other) {
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
    for (std::size_t i = 0; i < other.words_.size(); ++i)
        words_[i] |= other.words_[i];
    return *this;
}

RowSet& RowSet::subtract(const RowSet& other) {
    const std::size_t common = std::min(words_.size(), other.words_.size());
    for (std::size_t i = 0; i < common; ++i)
        words_[i] &= ~other.words_[i];
    return *this;
}

std::size_t RowSet::count() const {
    return vector_kernels().count_bits(words_.data(), words_.size());
}

std::size_t RowSet::count(Row begin, Row end) const {
    const std::size_t last = std::min<std::size_t>(words_.size(), (std::size_t{end} + 63) / 64);
    const std::size_t first = begin / 64;
    if (begin >= end || first >= last) return 0;
    // Of the words at both ends only the bits within.
    std::size_t total = vector_kernels().count_bits(&words_[first], last - first);
    const auto without = [&](std::size_t word) {
        return static_cast<std::size_t>(std::popcount(words_[word] & ~mask_of(word, begin, end)));
    };
    total -= without(first);
    return last - first > 1 ? total - without(last - 1) : total;
}

bool RowSet::empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
}

bool RowSet::operator==(const RowSet& other) const {
    const std::size_t common = std::min(words_.size(), other.words_.size());
    const auto is_zero = [](std::uint64_t word) { return word == 0; };
    const auto rest = [&](const RowSet& set) {
        return std::all_of(
            set.words_.begin() + static_cast<std::ptrdiff_t>(common), set.words_.end(), is_zero
        );
    };
    return std::equal(
               words_.begin(),
               words_.begin() + static_cast<std::ptrdiff_t>(common),
               other.words_.begin()
           ) &&
           rest(*this) && rest(other);
}

void RowSet::encode(std::string& out) const {
    put_varint(out, words_.size());
    for (std::size_t i = 0; i < words_.size();) {
        std::size_t run = 1;
        while (i + run < words_.size() && words_[i + run] == words_[i])
            ++run;
        put_varint(out, run);
        put_fixed(out, words_[i]);
        i += run;
    }
}

Result<RowSet> RowSet::decode(std::string_view bytes) {
    const Error corrupt{ErrorCode::corrupt, "a stored set of rows does not hold together"};
    Reader reader(bytes);
    const std::uint64_t size = reader.varint();
    if (!reader.ok() || size > (std::uint64_t{1} << 26)) return corrupt;
    RowSet set;
    set.words_.reserve(size);
    while (set.words_.size() < size) {
        const std::uint64_t run = reader.varint();
        const auto word = reader.fixed<std::uint64_t>();
        if (!reader.ok() || run == 0 || run > size - set.words_.size()) return corrupt;
        set.words_.insert(set.words_.end(), run, word);
    }
    if (!reader.at_end()) return corrupt;
    return set;
}

}  // namespace moat::index
