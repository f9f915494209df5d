#include "documents/chunker.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "documents/characters.h"

namespace moat::documents {
namespace {

// A piece of a chunk: a whole block, or part of one that is too long.
struct Unit {
    std::size_t block = 0;
    std::string_view text;
    std::size_t size = 0;    // weighted
    bool continues = false;  // the block's earlier part came before
};

// The longest prefix of at most `max` weighted characters, cut at white space or clause
// punctuation in its second half where there is one, and never inside a character.
std::string_view fitting_prefix(std::string_view text, std::size_t max) {
    std::size_t halves = 0;
    std::size_t cut = 0;
    std::size_t good_cut = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = next_character(text, at);
        const bool joined =
            extends_character(c) || (begin > 0 && previous_character(text, begin) == 0x200D);
        if (!joined) cut = begin;
        halves += is_cjk(c) ? 5U : 2U;
        if (halves > max * 2 && cut > 0) break;
        const bool clause = is_space(c) || c == ',' || c == ';' || c == 0xFF0C || c == 0x3001;
        if (clause && halves > max) good_cut = at;
        if (at == text.size()) return text;
    }
    return text.substr(0, good_cut > 0 ? good_cut : cut);
}

// Sentences (or lines) of a block that is over the maximum, long ones cut further.
std::vector<std::string_view> pieces_of(const Block& block, std::size_t max) {
    std::vector<std::string_view> pieces;
    for (std::string_view sentence : split_sentences(block.text)) {
        while (!sentence.empty()) {
            const std::string_view part = fitting_prefix(sentence, max);
            if (const std::string_view text = trim(part); !text.empty()) pieces.push_back(text);
            sentence = trim(sentence.substr(part.size()));
        }
    }
    return pieces;
}

// Part of a cut block: consecutive pieces as one view of the block's text, from the first's begin
// to the last's end, so that what stands between them stays.
std::string_view span_of(std::string_view first, std::string_view last) {
    return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

std::vector<Unit> cut_block(const Block& block, std::size_t index, const ChunkOptions& options) {
    std::vector<Unit> units;
    const std::vector<std::string_view> pieces = pieces_of(block, options.max_size);
    for (std::size_t i = 0; i < pieces.size();) {
        // Later parts begin with the last sentences of the one before.
        std::size_t begin = i;
        if (!units.empty()) {
            const std::size_t overlap = std::min(options.overlap_sentences, i);
            if (weighted_size(span_of(pieces[i - overlap], pieces[i])) <= options.max_size)
                begin = i - overlap;
        }
        std::size_t end = i + 1;
        while (end < pieces.size() &&
               weighted_size(span_of(pieces[begin], pieces[end])) <= options.target_size)
            ++end;
        const std::string_view text = span_of(pieces[begin], pieces[end - 1]);
        units.push_back({index, text, weighted_size(text), !units.empty()});
        i = end;
    }
    return units;
}

std::vector<Unit> units_of(const Document& document, const ChunkOptions& options) {
    std::vector<Unit> units;
    for (std::size_t i = 0; i < document.blocks.size(); ++i) {
        const Block& block = document.blocks[i];
        const std::size_t size = weighted_size(block.text);
        if (size <= options.max_size || block.kind == BlockKind::table_row) {
            units.push_back({i, block.text, size, false});
        } else {
            std::ranges::move(cut_block(block, i, options), std::back_inserter(units));
        }
    }
    return units;
}

// The heading path that all blocks of a chunk share, a leading heading counted as its own path.
std::vector<std::string> common_path(const Document& document, const std::vector<Unit>& units) {
    std::vector<std::string> common;
    bool first = true;
    for (const Unit& unit : units) {
        const Block& block = document.blocks[unit.block];
        if (block.kind == BlockKind::heading) continue;
        if (first) {
            common = block.headings;
            first = false;
        }
        common.erase(std::ranges::mismatch(common, block.headings).in1, common.end());
    }
    return first ? document.blocks[units.front().block].headings : common;
}

class Chunker {
  public:
    Chunker(const Document& document, const ChunkOptions& options)
        : document_(document), options_(options), table_heads_(document.blocks.size()) {
        const auto is_row = [&](std::size_t i) {
            return document.blocks[i].kind == BlockKind::table_row;
        };
        for (std::size_t i = 0; i < table_heads_.size(); ++i)
            table_heads_[i] = i > 0 && is_row(i) && is_row(i - 1) ? table_heads_[i - 1] : i;
    }

    std::vector<Chunk> run() {
        for (const Unit& unit : units_of(document_, options_)) {
            if (must_break_before(unit)) flush_but_last_headings();
            add(unit);
        }
        flush();
        return std::move(chunks_);
    }

  private:
    const Block& block(const Unit& unit) const { return document_.blocks[unit.block]; }

    void add(const Unit& unit) {
        pending_.push_back(unit);
        pending_size_ += unit.size;
    }

    // Headings at the end belong to what comes next.
    void flush_but_last_headings() {
        auto body_end = pending_.end();
        while (body_end != pending_.begin() &&
               block(*std::prev(body_end)).kind == BlockKind::heading)
            --body_end;
        const std::vector<Unit> headings(body_end, pending_.end());
        pending_.erase(body_end, pending_.end());
        flush();
        for (const Unit& heading : headings)
            add(heading);
    }

    bool only_headings() const {
        return std::ranges::all_of(pending_, [this](const Unit& unit) {
            return block(unit).kind == BlockKind::heading;
        });
    }

    bool must_break_before(const Unit& unit) const {
        if (pending_.empty()) return false;
        const Block& next = block(unit);
        if (next.kind == BlockKind::record || block(pending_.back()).kind == BlockKind::record)
            return true;
        if (unit.continues) return true;
        if (only_headings()) return false;  // a heading stays with what it heads
        if (next.kind == BlockKind::heading) {
            // Parts of one chapter may share a chunk while they are small.
            const std::size_t enough =
                next.level <= 2 ? options_.target_size / 4 : options_.target_size / 2;
            if (pending_size_ >= enough) return true;
        }
        // A chunk between target and maximum takes no more; a small rest may still join it.
        if (pending_size_ + unit.size > options_.max_size) return true;
        return pending_size_ >= options_.target_size;
    }

    // Text of the pending units; leading headings that the path repeats are left out.
    std::string text_of_pending(const std::vector<std::string>& path) const {
        std::string text(repeated_head());
        bool leading = !only_headings();
        for (const Unit& unit : pending_) {
            const Block& source = block(unit);
            leading = leading && source.kind == BlockKind::heading;
            if (leading && source.headings.size() < path.size()) continue;
            if (!text.empty()) text += '\n';
            text += unit.text;
        }
        return text;
    }

    // What a reader needs to understand a later part: the first row of its table (it names the
    // columns) or the first line of its record.
    std::string_view repeated_head() const {
        // More bytes weigh more than that: a giant is not measured again for every part.
        const std::size_t max_bytes = options_.target_size;
        const Unit& unit = pending_.front();
        std::string_view head;
        if (block(unit).kind == BlockKind::table_row) {
            head = first_row_before(unit.block);
        } else if (block(unit).kind == BlockKind::record && unit.continues) {
            const std::string_view begin =
                std::string_view(block(unit).text).substr(0, max_bytes + 1);
            head = begin.substr(0, begin.find('\n'));
        }
        const bool small =
            head.size() <= max_bytes && weighted_size(head) <= options_.target_size / 4;
        return small ? head : "";
    }

    // Small enough to be kept with each part of a record?
    static bool repeats_fields(const Block& record) {
        return record.text.size() <= kMaxRepeatedFieldsBytes;
    }

    // The first row of the table that `row` stands in, empty when it is that row.
    std::string_view first_row_before(std::size_t row) const {
        const std::size_t head = table_heads_[row];
        return head < row ? std::string_view(document_.blocks[head].text) : "";
    }

    void flush() {
        if (pending_.empty()) return;
        Chunk chunk;
        chunk.headings = common_path(document_, pending_);
        chunk.text = text_of_pending(chunk.headings);
        chunk.first_block = pending_.front().block;
        chunk.last_block = pending_.back().block;
        for (const Unit& unit : pending_) {
            const Block& source = block(unit);
            if (source.page == 0) continue;
            if (chunk.first_page == 0) chunk.first_page = source.page;
            chunk.last_page = source.page;
            if (source.box) chunk.regions.push_back({source.page, *source.box});
        }
        const Block& front = block(pending_.front());
        if (front.kind == BlockKind::record &&
            (!pending_.front().continues || repeats_fields(front)))
            chunk.fields = front.fields;
        if (!chunk.text.empty()) chunks_.push_back(std::move(chunk));
        pending_.clear();
        pending_size_ = 0;
    }

    const Document& document_;
    const ChunkOptions& options_;
    std::vector<std::size_t> table_heads_;  // by block: the first row of its table
    std::vector<Unit> pending_;
    std::size_t pending_size_ = 0;
    std::vector<Chunk> chunks_;
};

}  // namespace

std::vector<Chunk> chunk_document(const Document& document, const ChunkOptions& options) {
    return Chunker(document, options).run();
}

}  // namespace moat::documents
