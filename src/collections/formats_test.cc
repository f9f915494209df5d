// What the first format left on disk is read: written here byte by byte, as docs/formats says.
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "collections/analysis.h"
#include "collections/checksum.h"
#include "collections/column.h"
#include "collections/group_writer.h"
#include "collections/object_codec.h"
#include "collections/test_database.h"
#include "collections/vector_storage.h"
#include "index/coding.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr CollectionNumber kNumber = 1;

constexpr std::string_view kSchema =
    R"({"format":1,"collection":1,"name":"Old","distance":"l2_squared","dimensions":2,)"
    R"("next_property":2,"properties":[)"
    R"({"number":0,"name":"text","type":"text","array":false,"tokenization":"word",)"
    R"("filterable":true,"searchable":true},)"
    R"({"number":1,"name":"size","type":"integer","array":false,"tokenization":"word",)"
    R"("filterable":true,"searchable":true}]})";

class OldStore {
  public:
    explicit OldStore(const std::filesystem::path& folder)
        : store_(*adapters::rocksdb_store::open_store(folder / "store")),
          changes_(store_->new_batch()) {
        std::string next;
        put_big_endian(next, kNumber + 1, 4);
        changes_->put(Space::catalog, "next", next);
        changes_->put(Space::catalog, "schema/Old", kSchema);
    }

    // A segment of one object, with or without a vector.
    Segment add(Row row, const std::string& text, std::vector<float> vector) {
        const Uuid id = uuid_of(text);
        const json::Object properties{{"text", text}, {"size", static_cast<std::int64_t>(row)}};
        std::string row_bytes;
        put_big_endian(row_bytes, row, 4);
        changes_->put(Space::ids, id_key(kNumber, id), row_bytes);
        changes_->put(
            Space::objects,
            row_key(kNumber, row),
            encode_object(id, 1, 2, encode_properties(properties))
        );
        if (!vector.empty()) {
            changes_->put(Space::vectors, row_key(kNumber, row), encode_vector(vector));
        }
        SegmentBuilder builder(row);
        builder.add(
            row, analyse(*StoredSchema::from_json(kSchema), index::Tokenizer(), properties), 1, 2
        );
        return builder.finish(row + 1);
    }
    void seal(const Segment& segment, bool with_vector) {
        for (const Segment::Term& term : segment.terms)
            changes_->put(Space::terms, term_key(kNumber, term.name, segment.begin), term.postings);
        for (const auto& [property, column] : segment.columns) {
            std::string bytes;
            encode_column(column, segment.begin, bytes);
            changes_->put(Space::columns, column_key(kNumber, property, segment.begin), bytes);
        }
        std::string state;
        for (const std::uint64_t number :
             std::array<std::uint64_t, 6>{1, 1, 1, 1, 0, 1})  // ..., one segment of [0, 1)
            index::put_varint(state, number);
        put_rows(state, index::RowSet::range(0, 1));
        put_rows(state, with_vector ? index::RowSet::range(0, 1) : index::RowSet());
        put_stats(state);
        changes_->put(Space::catalog, "state/" + collection_prefix(kNumber), seal_bytes(1, state));
    }
    void log(std::uint64_t sequence, const Segment& segment, bool with_vector) {
        std::string record;
        index::put_varint(record, 1);  // added
        index::put_varint(record, 0);  // removed
        index::put_varint(record, with_vector ? 0 : 1);
        if (!with_vector) index::put_varint(record, segment.begin);
        put_stats(record);
        encode_segment(segment, record);
        changes_->put(Space::log, log_key(kNumber, sequence), seal_bytes(1, record));
    }
    void close() {
        ASSERT_TRUE(store_->commit(*changes_, Durability::synced));
        changes_.reset();
        store_.reset();
    }

  private:
    static void put_rows(std::string& out, const index::RowSet& rows) {
        std::string bytes;
        rows.encode(bytes);
        index::put_bytes(out, bytes);
    }
    static void put_stats(std::string& out) {  // of one property: two terms in one row
        index::put_varint(out, 1);
        index::put_varint(out, 0);
        index::put_fixed<std::int64_t>(out, 2);
        index::put_fixed<std::int64_t>(out, 1);
    }

    std::unique_ptr<KeyValueStore> store_;
    std::unique_ptr<KeyValueBatch> changes_;
};

TEST(FormatsTest, OpensWhatTheFirstFormatLeftAndGoesOnWriting) {
    TempDir dir;
    {
        OldStore old(dir.path());
        old.seal(old.add(0, "red apple", {1, 0}), true);
        old.log(1, old.add(1, "green pear", {0, 1}), true);
        old.log(2, old.add(2, "blue plum", {}), false);
        old.close();
    }
    for (int round = 0; round < 2; ++round) {
        DatabaseParts parts;
        parts.store = *adapters::rocksdb_store::open_store(dir.path() / "store");
        parts.upkeep.seal_rows = 2;
        const auto database = *open_database(dir.path(), std::move(parts));
        const auto old = database->open(kWho, "Old");
        ASSERT_TRUE(old) << old.error().message;
        const std::size_t more = round == 0 ? 0 : 1;
        EXPECT_EQ(*(*old)->count(kWho, {}), 3 + more);
        EXPECT_EQ((*old)->schema().dimensions, 2U);
        EXPECT_EQ((*old)->search(kWho, {.query = "apple"})->hits.size(), 1U);
        const auto near = (*old)->search(kWho, {.vector = {0, 1}})->hits;
        ASSERT_EQ(near.size(), 2 + more);
        EXPECT_EQ(near[0].object.id, uuid_of("green pear"));
        EXPECT_EQ(*(*old)->count(kWho, Filter{FilterOperator::greater, "size", 0, {}}), 2U);
        EXPECT_EQ((*old)->get(kWho, uuid_of("blue plum"), true)->vector.size(), 0U);
        if (round == 1) break;
        Object object;
        object.id = uuid_of("new");
        object.properties["text"] = "new";
        object.vector = {5, 5};
        ASSERT_TRUE((*old)->write(kWho, WriteBatch{{}, {object}}));
        ASSERT_TRUE((*old)->rename_property(kWho, "text", "body"));
        ASSERT_TRUE((*old)->rename_property(kWho, "body", "text"));
    }
}

std::string file_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

template <class Number>
void write_at(std::string& bytes, std::size_t at, Number value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

TEST(FormatsTest, OpensAVectorGraphOfTheSecondVersion) {
    TempDir dir;
    VectorPlace place{.folder = dir.path(), .upkeep = {.graph_rows = 200}};
    place.memory = std::make_shared<MemoryBudget>(std::size_t{64} << 20);
    const VectorShape shape{8, Distance::l2_squared};
    constexpr Row kRows = 400;
    {
        VectorStorage storage(place, kNumber, 0);
        const auto index = *storage.create(shape);
        ASSERT_TRUE(index->reserve(kRows));
        for (Row row = 0; row < kRows; ++row) {
            std::vector<float> vector(8, 1);
            vector[row % 8] = static_cast<float>(row);
            index->put(row, vector);
        }
        while (!*index->build(index::RowSet::range(0, kRows), 1)) {
        }
        ASSERT_TRUE(storage.checkpoint(*index));
    }
    // What that version wrote differs in two words, and in the checksums over them.
    const std::filesystem::path path = dir.path() / "1.graph";
    std::string bytes = file_bytes(path);
    write_at<std::uint32_t>(bytes, 8, 2);
    write_at<std::uint32_t>(bytes, 4096 + 20, 0);
    write_at<std::uint64_t>(bytes, 56, checksum_of(std::string_view(bytes).substr(4096)));
    write_at<std::uint64_t>(bytes, 64, checksum_of(std::string_view(bytes).substr(0, 64)));
    std::ofstream(path, std::ios::binary) << bytes;

    VectorStorage storage(place, kNumber, 0);
    const auto index = storage.restore(shape, kRows);
    ASSERT_TRUE(index) << index.error().message;
    while (!*storage.verify_some()) {
    }
    const std::vector<float> query{1, 1, 1, 395, 1, 1, 1, 1};
    const auto all = index::RowSet::range(0, kRows);
    EXPECT_EQ((*index)->search({.query = query, .limit = 1, .allowed = &all}).front().row, 395U);

    write_at<std::uint32_t>(bytes, 8, 1);
    write_at<std::uint64_t>(bytes, 64, checksum_of(std::string_view(bytes).substr(0, 64)));
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(
        VectorStorage(place, kNumber, 0).restore(shape, kRows).error().code, ErrorCode::unsupported
    );
}

}  // namespace
}  // namespace moat::collections
