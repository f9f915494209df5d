#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "index/vector_generation.h"
#include "index/vector_index.h"

// The image of a graph: docs/formats/collections.md, "Vector files".
namespace moat::index {
namespace {

constexpr std::size_t kPage = 4096;

struct Head {
    std::uint32_t rows = 0;
    std::uint32_t record_bytes = 0;
    std::uint32_t code_bytes = 0;
    std::uint32_t link_bytes = 0;
    float step = 0;
    std::uint32_t code_bits = 0;  // 0: eight
    std::uint32_t unused[2] = {};
};
static_assert(sizeof(Head) == 32);

std::size_t words_for(Row rows) {
    return (std::size_t{rows} + 63) / 64;
}
std::size_t chunks_for(const RowArray& array, Row rows) {
    return (rows + array.rows_per_chunk() - 1) / array.rows_per_chunk();
}

// Where the parts of an image begin: the head, and arrays in whole chunks.
struct Layout {
    std::size_t sets_at = 0;
    std::size_t records_at = 0;
    std::size_t codes_at = 0;
    std::size_t links_at = 0;
    std::size_t end = 0;

    Layout(
        Row rows,
        std::size_t dimensions,
        const RowArray& records,
        const RowArray& codes,
        const RowArray& links
    ) {
        sets_at = sizeof(Head) + dimensions * sizeof(float);
        const std::size_t head = sets_at + 2 * words_for(rows) * sizeof(std::uint64_t);
        records_at = (head + kPage - 1) / kPage * kPage;
        codes_at = records_at + chunks_for(records, rows) * records.chunk_bytes();
        links_at = codes_at + chunks_for(codes, rows) * codes.chunk_bytes();
        end = links_at + chunks_for(links, rows) * links.chunk_bytes();
    }
};

// Chunks that lie in an image; those behind them come from `more`.
class ImageChunks final : public ChunkSource {
  public:
    ImageChunks(
        std::shared_ptr<ImageMemory> image,
        std::size_t at,
        std::size_t count,
        std::unique_ptr<ChunkSource> more
    )
        : image_(std::move(image)), at_(at), count_(count), more_(std::move(more)) {}

    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override {
        if (number >= count_) return more_->chunk(number, bytes);
        return image_->bytes().data() + at_ + number * bytes;
    }

  private:
    const std::shared_ptr<ImageMemory> image_;
    const std::size_t at_;
    const std::size_t count_;
    const std::unique_ptr<ChunkSource> more_;
};

Status write_zeros(ImageSink& sink, std::size_t bytes) {
    static constexpr std::array<std::byte, kPage> kZeros{};
    for (; bytes > 0; bytes -= std::min(bytes, kPage))
        TRY(sink.write(std::span(kZeros).first(std::min(bytes, kPage))));
    return Ok{};
}

Status write_array(ImageSink& sink, const RowArray& array, Row rows) {
    for (Row row = 0; row < rows;) {
        const auto count = std::min<std::size_t>(array.rows_per_chunk(), rows - row);
        TRY(sink.write({array.at(row), count * array.row_bytes()}));
        row += static_cast<Row>(count);
    }
    const std::size_t padded = chunks_for(array, rows) * array.chunk_bytes();
    return write_zeros(sink, padded - std::size_t{rows} * array.row_bytes());
}

Status write_set(ImageSink& sink, const RowSet& set, Row rows) {
    std::vector<std::uint64_t> words(set.words().begin(), set.words().end());
    words.resize(words_for(rows));
    return sink.write(std::as_bytes(std::span(words)));
}

Result<RowSet> read_set(std::span<const std::byte> bytes, Row rows) {
    std::vector<std::uint64_t> words(words_for(rows));
    std::memcpy(words.data(), bytes.data(), bytes.size());
    RowSet set = RowSet::of_words(std::move(words));
    if (set.count(rows, kNoRow) > 0) {
        return Error{ErrorCode::corrupt, "a stored vector graph has rows beyond its end"};
    }
    return set;
}

}  // namespace

Status VectorIndex::save(ImageSink& sink) const {
    const std::shared_ptr<Generation> generation = current();
    CHECK(generation->graph != nullptr, "there is nothing to save before the graph");
    VectorCodes& codes = generation->codes;
    const RowArray& links = generation->graph->links();
    const Row rows = generation->graph_end;
    Head head;
    head.rows = rows;
    head.record_bytes = static_cast<std::uint32_t>(codes.records().row_bytes());
    head.code_bytes = static_cast<std::uint32_t>(codes.values().row_bytes());
    head.link_bytes = static_cast<std::uint32_t>(links.row_bytes());
    head.step = codes.frame().step;
    head.code_bits = static_cast<std::uint32_t>(codes.width());
    TRY(sink.write(std::as_bytes(std::span(&head, 1))));
    TRY(sink.write(std::as_bytes(std::span(codes.frame().centre))));
    TRY(write_set(sink, generation->members, rows));
    TRY(write_set(sink, generation->gone, rows));
    const Layout layout(rows, dimensions(), codes.records(), codes.values(), links);
    const std::size_t written = layout.sets_at + 2 * words_for(rows) * sizeof(std::uint64_t);
    TRY(write_zeros(sink, layout.records_at - written));
    TRY(write_array(sink, codes.records(), rows));
    TRY(write_array(sink, codes.values(), rows));
    return write_array(sink, links, rows);
}

Status VectorIndex::restore(std::shared_ptr<ImageMemory> image) {
    const Error corrupt{ErrorCode::corrupt, "a stored vector graph does not hold together"};
    const std::span<const std::byte> bytes = image->bytes();
    Head head;
    VectorCodes::Frame frame{std::vector<float>(dimensions()), 0};
    const std::size_t centre_bytes = dimensions() * sizeof(float);
    if (bytes.size() < sizeof head + centre_bytes) return corrupt;
    std::memcpy(&head, bytes.data(), sizeof head);
    std::memcpy(frame.centre.data(), bytes.data() + sizeof head, centre_bytes);
    frame.step = head.step;
    const Row rows = head.rows;
    if (rows == 0 || rows >= Row{1} << 31 || !std::isfinite(frame.step)) return corrupt;
    if (head.code_bits != 0 && head.code_bits != 4 && head.code_bits != 8) return corrupt;
    const CodeWidth width = head.code_bits == 4 ? CodeWidth::four : CodeWidth::eight;
    const auto is_finite = [](float value) { return std::isfinite(value); };
    if (!std::ranges::all_of(frame.centre, is_finite)) return corrupt;

    // Only for the shape of its arrays.
    VectorCodes shape(rotation_, distance_, frame, width);
    VectorGraph graph_shape(shape);
    const Layout layout(rows, dimensions(), shape.records(), shape.values(), graph_shape.links());
    if (head.record_bytes != shape.records().row_bytes() ||
        head.code_bytes != shape.values().row_bytes() ||
        head.link_bytes != graph_shape.links().row_bytes() || bytes.size() < layout.end) {
        return corrupt;
    }
    const auto chunks = [&](std::size_t at, std::size_t end, const RowArray& array) {
        return std::make_unique<ImageChunks>(
            image, at, (end - at) / array.chunk_bytes(), options_.memory()
        );
    };
    auto generation = std::make_shared<Generation>(
        rotation_,
        distance_,
        std::move(frame),
        width,
        chunks(layout.records_at, layout.codes_at, shape.records()),
        chunks(layout.codes_at, layout.links_at, shape.values())
    );
    generation->graph = std::make_unique<VectorGraph>(
        generation->codes, chunks(layout.links_at, layout.end, graph_shape.links())
    );
    generation->links_are_stored = true;
    const std::size_t set_bytes = words_for(rows) * sizeof(std::uint64_t);
    TRY_ASSIGN(generation->members, read_set(bytes.subspan(layout.sets_at, set_bytes), rows));
    TRY_ASSIGN(
        generation->gone, read_set(bytes.subspan(layout.sets_at + set_bytes, set_bytes), rows)
    );
    return take_over(std::move(generation), rows);
}

Status VectorIndex::take_over(std::shared_ptr<Generation> generation, Row rows) {
    TRY(generation->codes.grow_to(rows));
    TRY(generation->graph->adopt(rows));
    generation->graph->choose_pivots(generation->members);
    generation->graph_end = rows;
    generation->member_count = generation->members.count();
    generation->pivots_of = generation->member_count;
    const std::scoped_lock lock(put_mutex_, current_mutex_);
    TRY(originals_.grow_to(rows));
    current_ = std::move(generation);
    reserved_end_ = rows;
    put_end_ = rows;
    return Ok{};
}

}  // namespace moat::index
