#include "knowledge/local_knowledge_bases.h"

#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/catalog.h"
#include "adapters/sqlite/catalog_schema.h"
#include "base/temp_dir.h"
#include "knowledge/chunk_objects.h"
#include "knowledge/fake_database.h"
#include "knowledge/fake_parts.h"

namespace moat::knowledge {
namespace {

const Principal kAnna{.id = "key:anna", .name = "Anna", .role = Role::user};
const Principal kBob{.id = "key:bob", .name = "Bob", .role = Role::user};
const Principal kAdmin{.id = "local", .name = "admin", .role = Role::admin};

struct KnowledgeTest : testing::Test {
    TempDir dir;
    SystemClock clock;
    FakeDatabase database;
    FakeParser parser;
    FakeEmbedder embedder;
    IngestSettings settings{
        .workers = 2,
        .max_attempts = 3,
        .first_backoff = std::chrono::milliseconds(1),
        .model_check = std::chrono::milliseconds(5),
    };
    std::unique_ptr<sqlite::Database> file;
    std::unique_ptr<sqlite::Catalog> catalog;
    std::unique_ptr<LocalKnowledgeBases> bases;

    KnowledgeTest() { reopen(); }

    // As after a restart: what was only in memory is gone.
    void reopen(bool start = true) {
        bases.reset();
        catalog.reset();
        file =
            sqlite::Database::open(dir.path() / "catalog.db", sqlite::catalog_migrations()).value();
        catalog = std::make_unique<sqlite::Catalog>(*file, clock);
        bases = LocalKnowledgeBases::open({.catalog = *catalog,
                                           .database = database,
                                           .parser = parser,
                                           .embedder = embedder,
                                           .clock = clock,
                                           .files = dir.path() / "files",
                                           .ingest = settings})
                    .value();
        if (start) bases->start();
    }

    DocumentRecord add(const std::string& bytes, const std::string& name = "a.txt") {
        return bases->add_document(kAnna, "b", name, bytes).value();
    }
    DocumentRecord settled(const std::string& id) {
        for (int i = 0; i < 5000; ++i) {
            DocumentRecord record = bases->document(kAnna, "b", id).value();
            const bool done = record.stage == Stage::ready || record.stage == Stage::failed;
            if (done && catalog->jobs(1)->empty()) return record;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        ADD_FAILURE() << "the queue did not come to an end";
        return {};
    }
    std::vector<std::string> texts(const std::string& id) {
        std::vector<std::string> texts;
        for (const Passage& passage : bases->passages(kAnna, "b", id).value())
            texts.push_back(passage.text);
        return texts;
    }
    FakeCollection& collection() {
        return *database.collections.at(collection_name(bases->get(kAnna, "b")->id));
    }
    std::size_t stored_files() const {
        std::size_t count = 0;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(dir.path() / "files"))
            if (entry.is_regular_file()) ++count;
        return count;
    }
    // The last of a job's work, after the document is called ready.
    std::size_t stored_files_come_to(std::size_t wanted) const {
        for (int i = 0; i < 5000 && stored_files() != wanted; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return stored_files();
    }
};

TEST_F(KnowledgeTest, AnUploadBecomesSearchablePassagesInOrder) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const DocumentRecord added = add("zebra runs\napple falls\n");
    EXPECT_EQ(added.bytes, 23);
    const DocumentRecord record = settled(added.id);
    EXPECT_EQ(record.stage, Stage::ready);
    EXPECT_EQ(record.chunks, 2);
    EXPECT_EQ(record.media_type, "text/plain");
    EXPECT_EQ(texts(added.id), (std::vector<std::string>{"zebra runs", "apple falls"}));
    const auto found = bases->search(kAnna, "b", {.text = "apple"}, {}).value();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].document, "a.txt");
    EXPECT_EQ(found[0].knowledge_base, "b");
    EXPECT_EQ(found[0].headings, std::vector<std::string>{"a"});
    EXPECT_EQ(bases->content(kAnna, "b", added.id).value(), "zebra runs\napple falls\n");
    EXPECT_EQ(bases->get(kAnna, "b")->chunks, 2);
}

TEST_F(KnowledgeTest, WhatAnotherOwnsIsNotFound) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const std::string id = add("text").id;
    settled(id);
    EXPECT_TRUE(bases->list(kBob)->empty());
    EXPECT_EQ(bases->get(kBob, "b").error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->documents(kBob, "b").error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->content(kBob, "b", id).error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->passages(kBob, "b", id).error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->search(kBob, "b", {.text = "text"}, {}).error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->add_document(kBob, "b", "x", "y").error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->remove(kBob, "b").error().code, ErrorCode::not_found);
    // The same words as for a base that is not there at all.
    EXPECT_EQ(bases->get(kBob, "b").error().message, "knowledge base \"b\" not found");
    EXPECT_EQ(bases->get(kAdmin, "b")->owner, kAnna.id);
    EXPECT_EQ(bases->get({}, "b").error().code, ErrorCode::unauthenticated);
    // A document is not reached through a base one does own.
    ASSERT_TRUE(bases->create(kBob, "bobs"));
    EXPECT_EQ(bases->content(kBob, "bobs", id).error().code, ErrorCode::not_found);
    EXPECT_EQ(bases->remove_document(kBob, "bobs", id).error().code, ErrorCode::not_found);
}

TEST_F(KnowledgeTest, AReaderSearchesButDoesNotChange) {
    const KnowledgeBase base = bases->create(kAnna, "b").value();
    settled(add("text").id);
    ASSERT_TRUE(catalog->set_readers(base.id, {kBob.id}));
    EXPECT_EQ(bases->search(kBob, "b", {.text = "text"}, {})->size(), 1U);
    EXPECT_EQ(bases->add_document(kBob, "b", "x", "y").error().code, ErrorCode::forbidden);
    EXPECT_EQ(bases->remove(kBob, "b").error().code, ErrorCode::forbidden);
}

TEST_F(KnowledgeTest, AFailureThatMayPassIsTriedThreeTimes) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    parser.failures = 2;
    const DocumentRecord record = settled(add("!io\n").id);
    EXPECT_EQ(record.stage, Stage::ready);
    EXPECT_EQ(record.attempts, 3);
    parser.failures = 3;
    const DocumentRecord lost = settled(add("!io again\n", "c.txt").id);
    EXPECT_EQ(lost.stage, Stage::failed);
    EXPECT_EQ(lost.attempts, 3);
    EXPECT_EQ(lost.error, "cannot read the disk");
}

TEST_F(KnowledgeTest, ABrokenFileFailsAtOnceAndCanBeSentAgain) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const DocumentRecord record = settled(add("!corrupt").id);
    EXPECT_EQ(record.stage, Stage::failed);
    EXPECT_EQ(record.attempts, 1);
    EXPECT_EQ(record.error, "the file is broken");
    const int before = parser.calls;
    settled(add("!corrupt").id);
    EXPECT_EQ(parser.calls, before + 1);
}

TEST_F(KnowledgeTest, EqualContentIsNotWorkedOnAgain) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    settled(add("text").id);
    EXPECT_EQ(add("text").stage, Stage::ready);
    EXPECT_EQ(parser.calls, 1);
}

TEST_F(KnowledgeTest, AChangedFileReplacesItsPassagesAndEmbedsOnlyWhatChanged) {
    embedder.install("minilm");
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const std::string id = add("apple\nbanana\ncherry\n").id;
    settled(id);
    EXPECT_EQ(embedder.texts.size(), 3U);
    settled(add("apple\nblueberry\ncherry\n").id);
    EXPECT_EQ(texts(id), (std::vector<std::string>{"apple", "blueberry", "cherry"}));
    ASSERT_EQ(embedder.texts.size(), 4U);
    EXPECT_EQ(embedder.texts[3], "b\nblueberry");
    for (const auto& chunk : collection().list(kAdmin, {.limit = 10, .with_vector = true}).value())
        EXPECT_EQ(chunk.vector.size(), 2U);
    EXPECT_EQ(stored_files_come_to(1), 1U) << "the earlier original is of no use any more";
}

TEST_F(KnowledgeTest, TheOldContentStaysUntilTheNewIsReady) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const std::string id = add("apple\n").id;
    settled(id);
    parser.hold = true;
    add("banana\n");
    EXPECT_EQ(texts(id), std::vector<std::string>{"apple"});
    EXPECT_EQ(bases->content(kAnna, "b", id).value(), "apple\n");
    parser.hold = false;
    settled(id);
    EXPECT_EQ(bases->content(kAnna, "b", id).value(), "banana\n");
    const DocumentRecord failed = settled(add("!corrupt").id);
    EXPECT_EQ(failed.stage, Stage::failed);
    EXPECT_EQ(texts(id), std::vector<std::string>{"banana"});
}

TEST_F(KnowledgeTest, WithoutAModelKeywordsServeAndVectorsFollowWhenThereIsOne) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const std::string id = add("apple\nbanana\n").id;
    EXPECT_EQ(settled(id).stage, Stage::ready);
    EXPECT_EQ(bases->search(kAnna, "b", {.text = "apple"}, {})->size(), 1U);
    EXPECT_EQ(bases->get(kAnna, "b")->embedding_model, "");
    embedder.install("minilm");
    for (int i = 0; i < 5000 && bases->get(kAnna, "b")->embedding_model.empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(settled(id).stage, Stage::ready);
    EXPECT_EQ(embedder.texts.size(), 2U);
    ASSERT_TRUE(bases->search(kAnna, "b", {.text = "apple"}, {}));
    EXPECT_EQ(collection().last_request.vector.size(), 2U);
}

TEST_F(KnowledgeTest, AModelThatKeepsFailingCostsTheVectorsOnly) {
    embedder.install("minilm");
    embedder.fails = true;
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const DocumentRecord record = settled(add("apple\n").id);
    EXPECT_EQ(record.stage, Stage::ready);
    ASSERT_EQ(record.warnings.size(), 1U);
    EXPECT_TRUE(record.warnings[0].starts_with("searchable by keywords only"));
    EXPECT_EQ(bases->search(kAnna, "b", {.text = "apple"}, {})->size(), 1U);
}

TEST_F(KnowledgeTest, AModelThatCannotServeIsNotTriedAgain) {
    embedder.install("minilm");
    embedder.fails = true;
    embedder.error = ErrorCode::too_large;  // it does not fit into memory
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const DocumentRecord record = settled(add("apple\n").id);
    EXPECT_EQ(record.stage, Stage::ready) << record.error;
    EXPECT_EQ(record.attempts, 1);
    ASSERT_EQ(record.warnings.size(), 1U);
    EXPECT_TRUE(record.warnings[0].starts_with("searchable by keywords only"));
}

TEST_F(KnowledgeTest, AModelMadeAnewWithOtherDimensionsCostsTheVectorsOnly) {
    embedder.install("minilm");
    ASSERT_TRUE(bases->create(kAnna, "b"));
    settled(add("apple\n").id);
    embedder.dimensions = 3;
    EXPECT_EQ(bases->search(kAnna, "b", {.text = "apple"}, {})->size(), 1U);
    const DocumentRecord record = settled(add("banana\n", "b.txt").id);
    EXPECT_EQ(record.stage, Stage::ready) << record.error;
    ASSERT_EQ(record.warnings.size(), 1U);
    EXPECT_TRUE(record.warnings[0].starts_with("searchable by keywords only"));
    EXPECT_EQ(bases->search(kAnna, "b", {.text = "banana"}, {})->size(), 1U);
}

TEST_F(KnowledgeTest, ADocumentOfMorePassagesThanABatchIsRefusedBeforeItIsEmbedded) {
    embedder.install("minilm");
    ASSERT_TRUE(bases->create(kAnna, "b"));
    std::string lines;
    for (int i = 0; i <= 100'000; ++i)
        lines += "x\n";
    const DocumentRecord record = settled(add(lines).id);
    EXPECT_EQ(record.stage, Stage::failed);
    EXPECT_TRUE(record.error.contains("\"a.txt\" makes 100001 passages")) << record.error;
    EXPECT_TRUE(embedder.texts.empty());
}

TEST_F(KnowledgeTest, ColumnsBeyondWhatASchemaHoldsAreTextOnly) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    settled(add("colour=red\n").id);
    for (int i = 0; collection().schema().properties.size() < collections::kMaxProperties; ++i)
        ASSERT_TRUE(collection().add_property(kAdmin, {.name = fmt::format("p{}", i)}));
    const DocumentRecord record = settled(add("colour=blue\nshape=round\n", "c.txt").id);
    EXPECT_EQ(record.stage, Stage::ready) << record.error;
    ASSERT_EQ(record.warnings.size(), 1U);
    EXPECT_TRUE(record.warnings[0].contains("cannot be filtered by"));
    const auto blue = bases->search(kAnna, "b", {.text = "blue"}, {}).value();
    const auto round = bases->search(kAnna, "b", {.text = "round"}, {}).value();
    ASSERT_EQ(blue.size() * round.size(), 1U);
    EXPECT_TRUE(blue[0].record);
    EXPECT_FALSE(round[0].record) << "only fields tell";
}

TEST_F(KnowledgeTest, AModelThatCannotReadChineseIsNotAskedToAboutIt) {
    embedder.install("minilm");
    ASSERT_TRUE(bases->create(kAnna, "b"));
    settled(add("apple pie\n年假十五天\n").id);
    EXPECT_EQ(embedder.texts, std::vector<std::string>{"a\napple pie"});
    ASSERT_TRUE(bases->search(kAnna, "b", {.text = "年假几天"}, {}));
    EXPECT_TRUE(collection().last_request.vector.empty());
    ASSERT_TRUE(bases->search(kAnna, "b", {.text = "apple"}, {}));
    EXPECT_FALSE(collection().last_request.vector.empty());
}

TEST_F(KnowledgeTest, WorkCutShortGoesOnAfterARestart) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    parser.hold = true;
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i)
        ids.push_back(add("text\n", fmt::format("{}.txt", i)).id);
    bases->stop();
    parser.hold = false;
    reopen();
    for (const std::string& id : ids) {
        const DocumentRecord record = settled(id);
        EXPECT_EQ(record.stage, Stage::ready);
        EXPECT_EQ(record.attempts, 1) << "a stop is no failed attempt";
    }
}

TEST_F(KnowledgeTest, AFullDiskIsTriedAgainAndLeavesNothingHalf) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    settled(add("first\n", "first.txt").id);
    collection().failures = 1;
    const DocumentRecord record = settled(add("apple\nbanana\n").id);
    EXPECT_EQ(record.stage, Stage::ready);
    EXPECT_EQ(record.attempts, 2);
    EXPECT_EQ(texts(record.id).size(), 2U);
}

TEST_F(KnowledgeTest, ARemovedDocumentLeavesNothingBehind) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const std::string gone = add("apple\n").id;
    const std::string twin = add("apple\n", "twin.txt").id;
    const std::string other = add("banana\n", "other.txt").id;
    for (const std::string& id : {gone, twin, other})
        settled(id);
    EXPECT_EQ(stored_files(), 2U);
    ASSERT_TRUE(bases->remove_document(kAnna, "b", gone));
    EXPECT_EQ(bases->search(kAnna, "b", {.text = "apple"}, {})->size(), 1U);
    EXPECT_EQ(stored_files(), 2U) << "the twin still needs the content";
    ASSERT_TRUE(bases->remove_document(kAnna, "b", twin));
    EXPECT_EQ(stored_files(), 1U);
    EXPECT_EQ(bases->document(kAnna, "b", gone).error().code, ErrorCode::not_found);
    ASSERT_TRUE(bases->remove(kAnna, "b"));
    EXPECT_EQ(stored_files(), 0U);
    EXPECT_TRUE(database.collections.empty());
}

TEST_F(KnowledgeTest, ARemovalCutShortIsFinishedAtTheNextStart) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    const std::string id = add("apple\n").id;
    settled(id);
    ASSERT_TRUE(catalog->remove_document(id));  // and then the power went
    EXPECT_EQ(collection().count(kAdmin, {}).value(), 1U);
    reopen();
    EXPECT_EQ(collection().count(kAdmin, {}).value(), 0U);
    EXPECT_EQ(stored_files(), 0U);
}

TEST_F(KnowledgeTest, BadNamesAndQueriesAreRefusedInPlainWords) {
    for (const std::string& name : {"", "a/b", "..", "a\nb", " a", "\xff"})
        EXPECT_EQ(bases->create(kAnna, name).error().code, ErrorCode::invalid_argument) << name;
    ASSERT_TRUE(bases->create(kAnna, "b"));
    EXPECT_EQ(bases->create(kBob, "b").error().code, ErrorCode::conflict);
    for (const std::string& name : {"", "/", "a/../b", "a\tb"})
        EXPECT_EQ(
            bases->add_document(kAnna, "b", name, "x").error().code, ErrorCode::invalid_argument
        ) << name;
    EXPECT_EQ(add("x", "\\folder\\file.txt").name, "folder/file.txt");
    for (const PassageQuery& query :
         {PassageQuery{.text = " "},
          PassageQuery{.text = "x", .limit = 0},
          PassageQuery{.text = "x", .limit = 8, .alpha = 1.5F}})
        EXPECT_EQ(bases->search(kAnna, "b", query, {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(KnowledgeTest, ManyUploadsWhileOthersAreRemovedEndInAStateThatAgrees) {
    ASSERT_TRUE(bases->create(kAnna, "b"));
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([this, t] {
            for (int i = 0; i < 25; ++i) {
                const auto record =
                    add(fmt::format("text {}\n", i % 5), fmt::format("{}-{}", t, i));
                if (i % 3 == 0) EXPECT_TRUE(bases->remove_document(kAnna, "b", record.id));
            }
        });
    threads.clear();
    std::uint64_t chunks = 0;
    for (const DocumentRecord& record : bases->documents(kAnna, "b").value()) {
        const DocumentRecord done = settled(record.id);
        EXPECT_EQ(done.stage, Stage::ready) << done.error;
        chunks += static_cast<std::uint64_t>(done.chunks);
    }
    EXPECT_EQ(bases->documents(kAnna, "b")->size(), 64U);
    EXPECT_EQ(collection().count(kAdmin, {}).value(), chunks);
}

}  // namespace
}  // namespace moat::knowledge
