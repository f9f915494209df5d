// Converts a folder to a GGUF file of a given type, for tests that look at every number of it:
//   moat_convert FOLDER TARGET [f32|f16|bf16]
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "models/convert/converter.h"

int main(int count, char** arguments) {
    namespace fs = std::filesystem;
    if (count < 3) return 2;
    std::vector<std::pair<std::string, fs::path>> files;
    for (const auto& entry : fs::recursive_directory_iterator(arguments[1]))
        if (entry.is_regular_file())
            files.emplace_back(fs::relative(entry.path(), arguments[1]).string(), entry.path());
    moat::models::ConvertRequest request;
    request.target = arguments[2];
    request.name = "converted";
    const std::string_view type = count > 3 ? arguments[3] : "";
    if (type == "f32") request.type = moat::models::OutputType::f32;
    if (type == "f16") request.type = moat::models::OutputType::f16;
    if (type == "bf16") request.type = moat::models::OutputType::bf16;
    const auto made = moat::models::convert_safetensors(
        moat::models::ModelFolder(std::move(files)), request, std::stop_token()
    );
    if (made) return 0;
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    return 1;
}
