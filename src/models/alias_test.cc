#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "base/file.h"
#include "models/model_store_fixture.h"
#include "models/modelfile_text.h"
#include "models/version_tag.h"

// Names that stand for models, files that are used in place, and what is cleared away.
namespace moat::models {
namespace {

struct AliasTest : ModelStoreTest {
    std::string found(const std::string& name) const {
        const auto model = store.find(kUser, name);
        return model ? model->name.display() : model.error().message;
    }
    std::string target(const Result<ModelAlias>& alias) const {
        return alias ? alias->target() : alias.error().message;
    }
    void two_models() {
        ASSERT_TRUE(create_simple("m:1.0.0"));
        ASSERT_TRUE(create_simple("m:1.1.0", chat_model().u32("x", 1).bytes()));
    }
};

// Order of semver.org's own example.
TEST(VersionTags, AreOrderedAsSemverOrdersThem) {
    const std::vector<std::string> rising = {
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.2.0",
        "1.10.0",
        "v2.0.0"
    };
    for (std::size_t i = 0; i + 1 < rising.size(); ++i) {
        const auto a = parse_version_tag(rising[i]);
        const auto b = parse_version_tag(rising[i + 1]);
        ASSERT_TRUE(a && b) << rising[i];
        EXPECT_TRUE(older(*a, *b)) << rising[i];
        EXPECT_FALSE(older(*b, *a)) << rising[i];
    }
    for (const char* tag :
         {"latest", "1.", "1..2", "1.2.3.4", "01.2.3", "1.2-rc1", "", "v", "8b", "1.0.0-"})
        EXPECT_FALSE(parse_version_tag(tag)) << tag;
}

TEST(VersionTags, AShortenedOneMeansTheNewestRelease) {
    const std::vector<std::string> tags = {
        "1.2.9", "1.2.10", "1.3.0-rc1", "v1.3.0", "2.0.0-beta", "latest", "12.0.0"
    };
    EXPECT_EQ(newest_of_line("1.2", tags), "1.2.10");
    EXPECT_EQ(newest_of_line("1", tags), "v1.3.0");
    EXPECT_EQ(newest_of_line("2", tags), std::nullopt);
    EXPECT_EQ(newest_of_line("1.2.9", tags), std::nullopt);
    EXPECT_EQ(newest_of_line("latest", tags), std::nullopt);
    std::vector<std::string> listed = tags;
    std::ranges::sort(listed, listed_before);
    EXPECT_EQ(
        listed,
        (std::vector<std::string>{
            "12.0.0", "2.0.0-beta", "v1.3.0", "1.3.0-rc1", "1.2.10", "1.2.9", "latest"
        })
    );
}

TEST_F(AliasTest, AShortenedVersionFindsTheNewest) {
    two_models();
    EXPECT_EQ(found("M:1"), "m:1.1.0");
    EXPECT_EQ(found("m:1.0"), "m:1.0.0");
    EXPECT_EQ(found("m:2"), "model 'm:2' not found");
    // Only what is named in full is removed.
    EXPECT_EQ(store.remove(kAdmin, "m:1").error().message, "model 'm:1' not found");
    // A tag of that very name comes first.
    ASSERT_TRUE(store.copy(kAdmin, "m:1.0.0", "m:1"));
    EXPECT_EQ(found("m:1"), "m:1");
}

TEST_F(AliasTest, AnAliasIsSetSwitchedRolledBackAndRemoved) {
    two_models();
    EXPECT_EQ(target(store.set_alias(kAdmin, "prod", "m:1.0.0")), "m:1.0.0");
    EXPECT_EQ(found("PROD"), "m:1.0.0");
    // The newest of a line is fixed to what it is now.
    EXPECT_EQ(target(store.set_alias(kAdmin, "Prod:latest", "m:1")), "m:1.1.0");
    EXPECT_EQ(found("prod"), "m:1.1.0");
    ASSERT_EQ(store.aliases(kUser)->size(), 1U);
    EXPECT_EQ(store.aliases(kUser)->front().steps.size(), 2U);

    EXPECT_EQ(target(store.roll_back_alias(kAdmin, "prod")), "m:1.0.0");
    EXPECT_EQ(found("prod"), "m:1.0.0");
    EXPECT_EQ(
        target(store.roll_back_alias(kAdmin, "prod")),
        "alias \"prod\" has had no other model before"
    );
    ASSERT_TRUE(store.remove_alias(kAdmin, "prod"));
    EXPECT_EQ(found("prod"), "model 'prod' not found");
    EXPECT_EQ(store.remove_alias(kAdmin, "prod").error().message, "alias \"prod\" not found");
    EXPECT_TRUE(std::filesystem::is_empty(dir.path() / "aliases"));
}

TEST_F(AliasTest, AliasesAndModelsDoNotHideEachOther) {
    two_models();
    EXPECT_EQ(store.set_alias(kAdmin, "m:1.0.0", "m:1.1.0").error().code, ErrorCode::conflict);
    EXPECT_EQ(target(store.set_alias(kAdmin, "prod", "none")), "model \"none\" not found");
    ASSERT_TRUE(store.set_alias(kAdmin, "prod", "m:1.0.0"));
    EXPECT_EQ(store.copy(kAdmin, "m:1.1.0", "prod").error().code, ErrorCode::conflict);
    EXPECT_EQ(create({.name = "prod", .from = "m:1.1.0"}).error().code, ErrorCode::conflict);
    EXPECT_EQ(
        store.remove(kAdmin, "prod").error().message,
        "\"prod:latest\" is an alias, not a model; remove it first (moat alias --remove "
        "prod:latest)"
    );
    EXPECT_EQ(
        store.remove(kAdmin, "m:1.0.0").error().message,
        "model 'm:1.0.0' is what alias \"prod:latest\" stands for; switch or remove the alias first"
    );
    ASSERT_TRUE(store.set_alias(kAdmin, "prod", "m:1.1.0"));
    ASSERT_TRUE(store.remove(kAdmin, "m:1.0.0"));
    EXPECT_EQ(store.roll_back_alias(kAdmin, "prod").error().code, ErrorCode::not_found);
    EXPECT_EQ(found("prod"), "m:1.1.0");
    // A model made of an alias is made of what it stands for.
    ASSERT_TRUE(create({.name = "mine", .from = "prod"}));
    EXPECT_EQ(store.find(kUser, "mine")->details.parent_model, "m:1.1.0");
}

TEST_F(AliasTest, AliasesAreListedWithModels) {
    two_models();
    ASSERT_TRUE(store.set_alias(kAdmin, "prod", "m:1.0.0"));
    const auto list = store.list(kUser);
    ASSERT_EQ(list->size(), 3U);
    const auto alias = std::ranges::find(*list, "m:1.0.0", &Model::alias_of);
    ASSERT_NE(alias, list->end());
    EXPECT_EQ(alias->name.display(), "prod:latest");
    EXPECT_EQ(alias->digest, store.find(kUser, "m:1.0.0")->digest);
}

TEST_F(AliasTest, OnlyAdministratorsChangeAliases) {
    two_models();
    EXPECT_EQ(store.set_alias(kUser, "p", "m:1").error().code, ErrorCode::forbidden);
    EXPECT_EQ(store.roll_back_alias(kUser, "p").error().code, ErrorCode::forbidden);
    EXPECT_EQ(store.remove_alias(kUser, "p").error().code, ErrorCode::forbidden);
    EXPECT_EQ(store.aliases(Principal{}).error().code, ErrorCode::unauthenticated);
}

TEST_F(AliasTest, EverySwitchIsSeenWhole) {
    two_models();
    ASSERT_TRUE(store.set_alias(kAdmin, "prod", "m:1.0.0"));
    std::jthread reader([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const std::string name = found("prod");
            EXPECT_TRUE(name == "m:1.0.0" || name == "m:1.1.0") << name;
        }
    });
    for (int i = 0; i < 50; ++i)
        ASSERT_TRUE(store.set_alias(kAdmin, "prod", i % 2 == 0 ? "m:1.1.0" : "m:1.0.0"));
    reader.request_stop();
    reader.join();
    EXPECT_EQ(store.aliases(kUser)->front().steps.size(), kMaxAliasSteps);
}

TEST_F(AliasTest, ADamagedAliasIsNoModelAndCanBeSetAgain) {
    two_models();
    ASSERT_TRUE(store.set_alias(kAdmin, "prod", "m:1.0.0"));
    std::ofstream(dir.path() / "aliases/registry.ollama.ai/library/prod/latest") << "{";
    EXPECT_EQ(found("prod"), "model 'prod' not found");
    EXPECT_EQ(store.list(kUser)->size(), 2U);
    EXPECT_EQ(target(store.set_alias(kAdmin, "prod", "m:1.1.0")), "m:1.1.0");
    EXPECT_EQ(found("prod"), "m:1.1.0");
}

struct LinkTest : ModelStoreTest {
    TempDir elsewhere;
    const std::filesystem::path file = elsewhere.path() / "mine.gguf";
    LinkTest() { chat_model().write(file); }
    Status link(const std::string& name) {
        CreateRequest request{.name = name};
        request.links = {{"mine.gguf", file.string()}};
        return create(request);
    }
};

TEST_F(LinkTest, ALinkedFileIsUsedWhereItLies) {
    ASSERT_TRUE(link("m"));
    EXPECT_EQ(std::ranges::count(lines, "linking mine.gguf"), 1);
    const auto model = store.find(kUser, "m");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->gguf, file);
    EXPECT_TRUE(check_links(model->links));
    EXPECT_TRUE(modelfile_text(*model).contains("\nFROM " + file.string() + "\n"));
    // Ollama finds the weights at their digest; no byte of them is here.
    const auto blob = store.blob_path(*sha256_of_file(file));
    EXPECT_TRUE(std::filesystem::is_symlink(blob));
    EXPECT_EQ(std::filesystem::read_symlink(blob), file);
    EXPECT_GE(model->size, static_cast<std::int64_t>(std::filesystem::file_size(file)));

    ASSERT_TRUE(store.copy(kAdmin, "m", "n"));
    ASSERT_TRUE(store.remove(kAdmin, "m"));
    EXPECT_EQ(store.find(kUser, "n")->gguf, file);
    ASSERT_TRUE(store.remove(kAdmin, "n"));
    EXPECT_EQ(blob_count(), 0U);
    EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(LinkTest, AChangedOrMissingFileIsNoticed) {
    ASSERT_TRUE(link("m"));
    struct stat info{};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    const timespec times[2] = {info.st_atim, {.tv_sec = info.st_mtim.tv_sec + 1, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
    Status checked = check_links(store.find(kUser, "m")->links);
    EXPECT_EQ(checked.error().code, ErrorCode::corrupt);
    EXPECT_EQ(
        checked.error().message,
        "the file mine.gguf this model is linked to has changed since; create the model again"
    );
    std::filesystem::remove(file);
    checked = check_links(store.find(kUser, "m")->links);
    EXPECT_EQ(checked.error().code, ErrorCode::not_found);
    // Still listed, and still removable, also by a server that starts now.
    ModelStore again = *ModelStore::open(dir.path());
    EXPECT_EQ(again.list(kUser)->size(), 1U);
    EXPECT_TRUE(again.remove(kAdmin, "m"));
}

TEST_F(LinkTest, AnUploadOfTheSameFileMakesACopyAfterAll) {
    ASSERT_TRUE(link("m"));
    const std::string bytes = chat_model().bytes();
    EXPECT_FALSE(store.keep_blob(sha256(bytes_of(bytes))));
    ASSERT_TRUE(create_simple("n", bytes));
    std::filesystem::remove(file);
    EXPECT_EQ(read_file(store.find(kUser, "n")->gguf)->substr(0, 4), "GGUF");
}

TEST_F(LinkTest, OnlyModelFilesOfThisMachineAreLinked) {
    CreateRequest request{.name = "m"};
    const auto said = [&](const std::string& path) {
        request.links = {{"mine.gguf", path}};
        return error_of(request);
    };
    EXPECT_TRUE(said("mine.gguf").contains("does not begin with /"));
    EXPECT_TRUE(said("/nowhere/mine.gguf").contains("is not on the server"));
    EXPECT_TRUE(said(elsewhere.path().string()).contains("is not a file"));
    std::ofstream(file) << "notes";
    EXPECT_EQ(said(file.string()), "supplied file was not in GGUF format: mine.gguf");
    EXPECT_EQ(blob_count(), 0U);
    request.links = {{"mine.gguf", file.string()}};
    EXPECT_EQ(
        store.create(kUser, request, [](const Progress&) {}).error().code, ErrorCode::forbidden
    );
}

struct PruneTest : ModelStoreTest {
    std::filesystem::path put(const std::string& name, std::chrono::hours age) {
        const auto path = dir.path() / "blobs" / name;
        std::ofstream(path) << name;
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
        return path;
    }
    const std::string unused = "sha256-" + std::string(64, 'a');
};

TEST_F(PruneTest, RemovesWhatIsOldAndUnused) {
    using std::chrono::hours;
    ASSERT_TRUE(create_simple("m"));
    for (const auto& entry : std::filesystem::directory_iterator(dir.path() / "blobs"))
        std::filesystem::last_write_time(
            entry.path(), std::filesystem::file_time_type::clock::now() - hours(9)
        );
    const auto old = put(unused, hours(2));
    const auto fresh = put("sha256-" + std::string(64, 'b'), hours(0));
    const auto broken = put("sha256-" + std::string(64, 'c') + ".0123456789abcdef.tmp", hours(2));
    const auto part = put("sha256-" + std::string(64, 'd') + "-partial", hours(2));
    const auto old_part = put("sha256-" + std::string(64, 'e') + "-partial-3", hours(24 * 8));
    const auto other = put("notes.txt", hours(999));
    EXPECT_EQ(*store.prune(false), 3U);
    for (const auto& gone : {old, broken, old_part})
        EXPECT_FALSE(std::filesystem::exists(gone)) << gone;
    for (const auto& here : {fresh, part, other})
        EXPECT_TRUE(std::filesystem::exists(here)) << here;
    EXPECT_TRUE(store.find(kUser, "m"));
}

TEST_F(PruneTest, TouchesNothingWhenAManifestCannotBeRead) {
    const auto old = put(unused, std::chrono::hours(2));
    const auto bad = dir.path() / "manifests/registry.ollama.ai/library/bad";
    std::filesystem::create_directories(bad);
    std::ofstream(bad / "latest") << "{";
    EXPECT_EQ(store.prune(false).error().code, ErrorCode::corrupt);
    EXPECT_TRUE(std::filesystem::exists(old));
}

TEST_F(PruneTest, LeavesAForeignStoreAloneUnlessTold) {
    TempDir foreign;
    std::filesystem::create_directories(foreign.path() / "manifests");
    ModelStore theirs = *ModelStore::open(foreign.path());
    const auto old = foreign.path() / "blobs" / unused;
    std::ofstream(old) << "x";
    std::filesystem::last_write_time(
        old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2)
    );
    EXPECT_EQ(*theirs.prune(false), 0U);
    EXPECT_TRUE(std::filesystem::exists(old));
    EXPECT_EQ(*theirs.prune(true), 1U);
    EXPECT_FALSE(std::filesystem::exists(old));
}

}  // namespace
}  // namespace moat::models
