#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "base/sha256.h"
#include "models/model_facts.h"
#include "models/model_store.h"

// The inside of a ModelStore, seen by its own files only.
namespace moat::models {

struct ModelStore::Shared {
    explicit Shared(std::filesystem::path root_path) : root(std::move(root_path)) {}

    const std::filesystem::path root;
    std::mutex write_mutex;  // held while manifests change: a blob must not go while one is made
    std::mutex facts_mutex;
    std::map<Sha256, ModelFacts> facts;  // guarded by facts_mutex; of blobs, which never change
};

// One run of ModelStore::create(): checks everything first, then writes layers, then the manifest.
class ModelCreator {
  public:
    ModelCreator(ModelStore& store, const CreateRequest& request, const ProgressSink& progress)
        : store_(store), request_(request), progress_(progress) {}

    Status run();

  private:
    Status check_texts() const;
    Status take_base(const ModelName& name);
    Status take_files();
    Status take_file(const std::string& name, const Sha256& digest);
    Status take_adapters();
    Status add_texts();
    Status add_parameters();
    Status add_messages();
    Status add_text(std::string_view media_type, std::string_view text);
    void replace(std::string_view media_type);
    Status finish(const ModelName& name);

    ModelStore& store_;
    const CreateRequest& request_;
    const ProgressSink& progress_;
    std::vector<Layer> layers_;
    ModelConfig config_;
};

}  // namespace moat::models
