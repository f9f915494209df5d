#include "adapters/sqlite/catalog.h"

#include <gtest/gtest.h>

#include "adapters/sqlite/catalog_schema.h"
#include "adapters/sqlite/conversations.h"
#include "base/ids.h"
#include "base/temp_dir.h"

namespace moat::sqlite {
namespace {

using knowledge::Stage;
using knowledge::StoredDocument;

class FixedClock final : public Clock {
  public:
    Time now() const override { return time; }
    Time time = from_unix_ms(1'700'000'000'000);
};

struct CatalogTest : testing::Test {
    TempDir dir;
    FixedClock clock;
    std::unique_ptr<Database> database = open();
    Catalog catalog{*database, clock};
    Conversations conversations{*database, clock};

    std::unique_ptr<Database> open() const {
        return Database::open(dir.path() / "catalog.db", catalog_migrations()).value();
    }
    knowledge::KnowledgeBase base(const std::string& name) {
        knowledge::KnowledgeBase made;
        made.id = random_hex(8);
        made.name = name;
        made.owner = "anna";
        made.created_at = clock.now();
        EXPECT_TRUE(catalog.add_base(made));
        return made;
    }
    StoredDocument put(const std::string& base, const std::string& sha256 = "aa") {
        return catalog.put_document({.base = base, .name = "a/b.md", .sha256 = sha256, .bytes = 3})
            .value();
    }
    static knowledge::Indexed done(const StoredDocument& document) {
        return {
            .document = document.record.id,
            .revision = document.revision,
            .media_type = "text/markdown",
            .pages = 2,
            .chunks = 7,
            .warnings = {"page 2 has no text layer"},
            .embedding_model = "minilm",
        };
    }
};

TEST_F(CatalogTest, ANameIsGivenOnce) {
    base("人事");
    knowledge::KnowledgeBase again;
    again.id = "other";
    again.name = "人事";
    EXPECT_EQ(catalog.add_base(again).error().code, ErrorCode::conflict);
    EXPECT_EQ(catalog.find_base("人事")->base.owner, "anna");
    EXPECT_EQ(catalog.find_base("none").error().code, ErrorCode::not_found);
}

TEST_F(CatalogTest, TheFirstEmbeddingModelOfABaseStays) {
    const auto made = base("b");
    EXPECT_EQ(catalog.set_embedding_model(made.id, "one").value(), "one");
    EXPECT_EQ(catalog.set_embedding_model(made.id, "two").value(), "one");
    EXPECT_EQ(catalog.find_base_by_id(made.id)->base.embedding_model, "one");
}

TEST_F(CatalogTest, ANewDocumentAndItsJobSurviveReopening) {
    const auto made = base("b");
    const StoredDocument document = put(made.id);
    const auto again = open();
    Catalog other(*again, clock);
    ASSERT_EQ(other.jobs(10)->size(), 1U);
    EXPECT_EQ(other.jobs(10)->front().document, document.record.id);
    EXPECT_EQ(other.documents(made.id)->front().record.stage, Stage::queued);
}

TEST_F(CatalogTest, EqualContentIsNotWorkedOnAgainUnlessItFailed) {
    const auto made = base("b");
    const StoredDocument first = put(made.id);
    ASSERT_TRUE(catalog.begin_job(first.record.id));
    ASSERT_TRUE(catalog.finish_job(done(first)).value());
    EXPECT_EQ(put(made.id).record.stage, Stage::ready);
    EXPECT_TRUE(catalog.jobs(10)->empty());

    const StoredDocument changed = put(made.id, "bb");
    EXPECT_EQ(changed.record.id, first.record.id);
    EXPECT_EQ(changed.record.stage, Stage::queued);
    EXPECT_EQ(changed.indexed_sha256, "aa");
    ASSERT_TRUE(catalog.fail_job(changed.record.id, changed.revision, "no text").value());
    EXPECT_EQ(catalog.document(changed.record.id)->record.error, "no text");
    EXPECT_TRUE(catalog.jobs(10)->empty());
    EXPECT_EQ(put(made.id, "bb").record.stage, Stage::queued);
    EXPECT_EQ(catalog.jobs(10)->size(), 1U);
}

TEST_F(CatalogTest, FinishingAnOlderContentKeepsTheJobOfTheNewer) {
    const auto made = base("b");
    const StoredDocument first = put(made.id);
    ASSERT_TRUE(catalog.begin_job(first.record.id));
    put(made.id, "bb");
    EXPECT_FALSE(catalog.finish_job(done(first)).value());
    EXPECT_EQ(catalog.jobs(10)->size(), 1U);
    EXPECT_EQ(catalog.document(first.record.id)->record.stage, Stage::queued);
}

TEST_F(CatalogTest, FinishedWorkIsWrittenDownWhole) {
    const auto made = base("b");
    const StoredDocument document = put(made.id);
    ASSERT_TRUE(catalog.begin_job(document.record.id));
    ASSERT_TRUE(catalog.finish_job(done(document)).value());
    const StoredDocument now = catalog.document(document.record.id).value();
    EXPECT_EQ(now.record.stage, Stage::ready);
    EXPECT_EQ(now.record.attempts, 1);
    EXPECT_EQ(now.record.pages, 2);
    EXPECT_EQ(now.record.warnings, std::vector<std::string>{"page 2 has no text layer"});
    EXPECT_EQ(now.indexed_sha256, "aa");
    const auto record = catalog.find_base("b").value();
    EXPECT_EQ(record.base.documents, 1);
    EXPECT_EQ(record.base.chunks, 7);
}

TEST_F(CatalogTest, PostponedJobsComeAfterThoseThatAreDue) {
    const auto made = base("b");
    const StoredDocument first = put(made.id);
    const auto second =
        catalog.put_document({.base = made.id, .name = "z", .sha256 = "cc", .bytes = 1}).value();
    ASSERT_TRUE(catalog.begin_job(first.record.id));
    ASSERT_TRUE(catalog.postpone_job(first.record.id, clock.now() + std::chrono::seconds(5), false)
    );
    const auto jobs = catalog.jobs(10).value();
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[0].document, second.record.id);
    EXPECT_EQ(jobs[1].not_before, clock.now() + std::chrono::seconds(5));
    EXPECT_EQ(catalog.document(first.record.id)->record.attempts, 1);
    ASSERT_TRUE(catalog.postpone_job(first.record.id, clock.now(), true));
    EXPECT_EQ(catalog.document(first.record.id)->record.attempts, 0);
}

TEST_F(CatalogTest, RemovalLeavesGarbageBehindUntilItIsDone) {
    const auto made = base("b");
    const StoredDocument document = put(made.id);
    EXPECT_TRUE(catalog.uses_content("aa").value());
    ASSERT_TRUE(catalog.remove_document(document.record.id));
    EXPECT_FALSE(catalog.uses_content("aa").value());
    EXPECT_TRUE(catalog.jobs(10)->empty());
    EXPECT_EQ(catalog.begin_job(document.record.id).error().code, ErrorCode::not_found);
    EXPECT_EQ(catalog.remove_document(document.record.id).error().code, ErrorCode::not_found);
    const auto left = catalog.garbage().value();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].base, made.id);
    EXPECT_EQ(left[0].document, document.record.id);
    ASSERT_TRUE(catalog.garbage_removed(left[0].number));
    EXPECT_TRUE(catalog.garbage()->empty());
}

TEST_F(CatalogTest, ABaseGoesWithItsDocumentsJobsAndReaders) {
    const auto made = base("b");
    put(made.id);
    ASSERT_TRUE(catalog.set_readers(made.id, {"bob", "carol"}));
    EXPECT_EQ(catalog.find_base("b")->readers, (std::vector<std::string>{"bob", "carol"}));
    ASSERT_TRUE(catalog.remove_base(made.id));
    EXPECT_TRUE(catalog.jobs(10)->empty());
    EXPECT_TRUE(catalog.documents(made.id)->empty());
    EXPECT_TRUE(catalog.bases()->empty());
    EXPECT_EQ(catalog.garbage()->front().document, "");
}

TEST_F(CatalogTest, ANewModelQueuesTheReadyDocumentsThatLackItsVectors) {
    const auto made = base("b");
    const StoredDocument document = put(made.id);
    ASSERT_TRUE(catalog.begin_job(document.record.id));
    ASSERT_TRUE(catalog.finish_job(done(document)).value());
    EXPECT_EQ(catalog.queue_embedding(made.id, "minilm").value(), 0);
    EXPECT_EQ(catalog.queue_embedding(made.id, "bge").value(), 1);
    EXPECT_EQ(catalog.document(document.record.id)->record.stage, Stage::ready);
    // Failing to embed does not take away what can be searched.
    ASSERT_TRUE(catalog.fail_job(document.record.id, document.revision, "no memory").value());
    EXPECT_EQ(catalog.document(document.record.id)->record.stage, Stage::ready);
}

TEST_F(CatalogTest, AConversationKeepsItsTurnsAndBelongsToItsOwner) {
    answers::Source source;
    source.index = 1;
    source.document = "手册.pdf";
    source.headings = {"休假", "年假"};
    source.page = 4;
    source.regions = {{.page = 4, .box = {1, 2, 3, 4.5F}}};
    source.quotes = {"年假为十五天。"};
    answers::Conversation talk;
    talk.id = "c1";
    talk.title = "年假";
    talk.knowledge_base = "人事";
    talk.turns = {
        {.role = "user", .text = "年假几天？", .at = clock.now(), .sources = {}},
        {.role = "assistant", .text = "十五天 [1]", .at = clock.now(), .sources = {source}},
    };
    ASSERT_TRUE(conversations.append("anna", talk));
    talk.turns = {{.role = "user", .text = "病假呢？", .at = clock.now(), .sources = {}}};
    ASSERT_TRUE(conversations.append("anna", talk));

    const auto found = conversations.find("anna", "c1").value();
    ASSERT_EQ(found.turns.size(), 3U);
    EXPECT_EQ(found.turns[1].text, "十五天 [1]");
    ASSERT_EQ(found.turns[1].sources.size(), 1U);
    EXPECT_EQ(found.turns[1].sources[0].headings, source.headings);
    EXPECT_EQ(found.turns[1].sources[0].quotes, source.quotes);
    EXPECT_EQ(found.turns[1].sources[0].regions[0].box.bottom, 4.5F);
    EXPECT_EQ(found.turns[2].text, "病假呢？");

    EXPECT_EQ(conversations.find("bob", "c1").error().code, ErrorCode::not_found);
    EXPECT_EQ(conversations.append("bob", talk).error().code, ErrorCode::not_found);
    EXPECT_EQ(conversations.remove("bob", "c1").error().code, ErrorCode::not_found);
    EXPECT_TRUE(conversations.list("bob")->empty());
    ASSERT_TRUE(conversations.remove("anna", "c1"));
    EXPECT_TRUE(conversations.list("anna")->empty());
}

}  // namespace
}  // namespace moat::sqlite
