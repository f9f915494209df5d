#include "collections/archive.h"

#include <fstream>
#include <iterator>
#include <random>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat::collections {
namespace {

using Records = std::vector<std::tuple<Space, std::uint32_t, std::string, std::string>>;

// Some thousands of records of many sizes, so that frames end in all places.
Records some_records() {
    std::mt19937 random(7);
    Records records;
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const std::size_t bytes = i % 500 == 0 ? 300'000 : random() % 900;
        records.emplace_back(
            static_cast<Space>(random() % kSpaceCount),
            i / 1000,
            std::to_string(i),
            std::string(bytes, static_cast<char>(random()))
        );
    }
    return records;
}

Result<ArchiveDigest> write(const std::filesystem::path& path, const Records& records) {
    TRY_ASSIGN(auto writer, ArchiveWriter::create(path, R"({"head":1})"));
    for (const auto& [space, part, suffix, value] : records)
        TRY(writer.add({space, part, suffix, value}));
    return writer.finish();
}

Result<Records> read(const std::filesystem::path& path) {
    TRY_ASSIGN(auto reader, ArchiveReader::open(path));
    Records records;
    for (;;) {
        TRY_ASSIGN(const auto record, reader.next());
        if (!record) return records;
        records.emplace_back(
            record->space, record->part, std::string(record->suffix), std::string(record->value)
        );
    }
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
void put_content(const std::filesystem::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary)
        .write(content.data(), static_cast<std::streamsize>(content.size()));
}

struct Archive : testing::Test {
    TempDir dir;
    std::filesystem::path path = dir.path() / "1.archive";
};

TEST_F(Archive, GivesBackWhatWasAdded) {
    const Records records = some_records();
    const auto digest = write(path, records);
    ASSERT_TRUE(digest) << digest.error().message;
    EXPECT_EQ(digest->bytes, std::filesystem::file_size(path));
    EXPECT_EQ(digest->sha256.hex(), sha256_of_file(path)->hex());
    EXPECT_EQ(ArchiveReader::open(path)->head(), R"({"head":1})");
    const auto back = read(path);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == records);
}

TEST_F(Archive, IsNotWrittenOverAnother) {
    ASSERT_TRUE(write(path, {}));
    EXPECT_EQ(write(path, {}).error().code, ErrorCode::io);
}

TEST_F(Archive, RefusesAFileThatWasCut) {
    ASSERT_TRUE(write(path, {{Space::objects, 0, "key", "value"}, {Space::ids, 1, "k", "v"}}));
    const std::string whole = content_of(path);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        put_content(path, std::string_view(whole).substr(0, bytes));
        EXPECT_EQ(read(path).error().code, ErrorCode::corrupt) << bytes;
    }
}

TEST_F(Archive, RefusesAFileWithAFlippedBit) {
    const Records records{{Space::objects, 0, "key", "value"}, {Space::ids, 1, "k", "v"}};
    ASSERT_TRUE(write(path, records));
    const std::string whole = content_of(path);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        put_content(path, flipped);
        const auto code = read(path).error().code;
        EXPECT_TRUE(code == ErrorCode::corrupt || code == ErrorCode::unsupported) << bit;
    }
}

}  // namespace
}  // namespace moat::collections
