#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/convert/converter.h"
#include "models/model_store_shared.h"
#include "models/shards.h"

namespace moat::models {

// One run of ModelStore::create(): checks what was asked, takes and checks the files, quantizes
// them when asked, writes the text layers and at last the manifest, which is when the model is
// there. Long work runs without the store's lock; the blobs of the run are pinned.
// Threads: one. Borrows all it is given.
class ModelCreator {
  public:
    ModelCreator(
        ModelStore& store,
        const Principal& who,
        const CreateRequest& request,
        const ProgressSink& progress
    )
        : store_(store), who_(who), request_(request), progress_(progress), pins_(*store.shared_) {}

    Status run();

  private:
    Status make(const ModelName& name);
    Status check_texts() const;
    Status take_base();

    // creator_files.cc
    Status take_files();
    Status take_adapters();
    Status take_drafts();
    Result<WeightFile> take_link(const std::string& name, const std::string& path);
    Status place_link(const Sha256& digest, const std::filesystem::path& target);
    Result<WeightFile> read_head(const std::string& name, Layer layer);
    Result<WeightFile> open_file(const std::string& name, const std::string& digest_text);
    Result<Sha256> pin_file(const std::string& name, const std::string& digest_text);
    Status add_weights(std::vector<WeightFile> files, std::string_view layer_status);

    // creator_quantize.cc
    Status take_importance();
    Status quantize();
    Status quantize_layers(std::string_view media_type, const std::string& type_name);
    Result<Layer> quantized(
        const std::vector<Layer>& sources, const QuantizationType& type, const ModelFacts& facts
    );
    Result<Layer> keep_quantized(const std::filesystem::path& file);

    // creator_convert.cc
    using Files = std::vector<std::pair<std::string, std::string>>;
    static bool is_published(const Files& files);
    Status take_published();
    Status take_published_adapter();
    Result<Layer> converted();
    Result<ModelFolder> published_folder(const Files& given);
    Result<ConvertRequest> convert_request(const std::string& status) const;
    Result<Layer> keep_converted(const std::filesystem::path& file, const ConvertedModel& made);

    // creator_texts.cc
    Status add_texts();
    Status add_parameters();
    Status add_messages();
    Status add_info();
    Status add_text(std::string_view media_type, std::string_view text);
    void replace(std::string_view media_type);

    Status finish(const ModelName& name);
    void say(std::string status) const { progress_({.status = std::move(status)}); }

    ModelStore& store_;
    const Principal& who_;
    const CreateRequest& request_;
    const ProgressSink& progress_;
    BlobPins pins_;
    std::vector<Layer> layers_;
    ModelConfig config_;
    std::optional<ImportanceFile> importance_;
    std::string detect_in_;  // the Jinja template of a new file, to be looked at for a known one
};

}  // namespace moat::models
