#include "cli/help_texts.h"

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

namespace moat::cli {
namespace {

// One example a line; '%' stands for the program's name.
struct Examples {
    std::string_view command;  // "" is the program itself, "kb add" a command of a command
    std::string_view english;
    std::string_view chinese;
};

constexpr Examples kExamples[] = {
    {"",
     "% serve\n"
     "% create qwen -f Modelfile          # FROM ./qwen2.5-1.5b.gguf\n"
     "% run qwen \"Why is the sky blue?\"\n"
     "% kb add handbook ./documents\n"
     "% ask \"How many days of leave?\" --kb handbook\n",
     "% serve\n"
     "% create qwen -f Modelfile          # FROM ./qwen2.5-1.5b.gguf\n"
     "% run qwen \"天空为什么是蓝色的？\"\n"
     "% kb add handbook ./documents\n"
     "% ask \"年假有几天？\" --kb handbook\n"},
    {"create",
     "% create qwen                       # reads ./Modelfile\n"
     "% create codeqwen:7b-v1.1 -f ./modelfile-v1.1.Modelfile\n"
     "% create tiny --quantize IQ2_XS --imatrix ./imatrix.gguf\n",
     "% create qwen                       # 读取 ./Modelfile\n"
     "% create codeqwen:7b-v1.1 -f ./modelfile-v1.1.Modelfile\n"
     "% create tiny --quantize IQ2_XS --imatrix ./imatrix.gguf\n"},
    {"list",
     "% list\n"
     "% list qwen                         # names that begin so\n",
     "% list\n"
     "% list qwen                         # 名称以此开头的模型\n"},
    {"ps", "% ps\n", "% ps\n"},
    {"pull",
     "% pull qwen2.5:0.5b\n"
     "% pull hf.co/owner/repository:Q4_K_M\n",
     "% pull qwen2.5:0.5b\n"
     "% pull hf.co/owner/repository:Q4_K_M\n"},
    {"push",
     "% push registry.example.org/team/qwen:7b\n",
     "% push registry.example.org/team/qwen:7b\n"},
    {"verify", "% verify qwen\n", "% verify qwen\n"},
    {"alias",
     "% alias codeqwen:latest codeqwen:7b-v1.1   # the name now means that version\n"
     "% alias codeqwen:latest --rollback         # and the one before again\n",
     "% alias codeqwen:latest codeqwen:7b-v1.1   # 名称从此指向该版本\n"
     "% alias codeqwen:latest --rollback         # 恢复为之前的版本\n"},
    {"cp",
     "% cp qwen:7b-v1.1 qwen:latest       # a tag that others use\n",
     "% cp qwen:7b-v1.1 qwen:latest       # 供他人使用的标签\n"},
    {"rm",
     "% rm qwen:7b-v1.0\n"
     "% rm first second                   # several at once\n",
     "% rm qwen:7b-v1.0\n"
     "% rm first second                   # 一次删除多个\n"},
    {"stop",
     "% stop qwen                         # frees its memory now\n",
     "% stop qwen                         # 立即释放内存\n"},
    {"show",
     "% show qwen\n"
     "% show qwen --modelfile > Modelfile\n"
     "% show qwen -v                      # metadata and tensors\n",
     "% show qwen\n"
     "% show qwen --modelfile > Modelfile\n"
     "% show qwen -v                      # 元数据和张量\n"},
    {"run",
     "% run qwen                          # a dialogue\n"
     "% run qwen \"Why is the sky blue?\"\n"
     "% run qwen \"Summarise this:\" < report.txt\n"
     "% run qwen --format json --verbose \"List three colours\"\n"
     "% run qwen-vl \"What is this? ./photo.jpg\"\n"
     "% run bge-m3 \"a text\"               # its embedding, in JSON\n",
     "% run qwen                          # 进入对话\n"
     "% run qwen \"天空为什么是蓝色的？\"\n"
     "% run qwen \"总结以下内容：\" < report.txt\n"
     "% run qwen --format json --verbose \"列出三种颜色\"\n"
     "% run qwen-vl \"图中是什么？ ./photo.jpg\"\n"
     "% run bge-m3 \"一段文本\"             # 输出 JSON 格式的向量\n"},
    {"kb",
     "% kb add handbook ~/documents\n"
     "% kb list\n",
     "% kb add handbook ~/documents\n"
     "% kb list\n"},
    {"kb add",
     "% kb add handbook ~/documents       # files and folders\n"
     "% kb add handbook leave.pdf travel.docx\n",
     "% kb add handbook ~/documents       # 文件和文件夹\n"
     "% kb add handbook leave.pdf travel.docx\n"},
    {"kb create", "% kb create handbook\n", "% kb create handbook\n"},
    {"kb list", "% kb list\n", "% kb list\n"},
    {"kb show", "% kb show handbook\n", "% kb show handbook\n"},
    {"kb rm", "% kb rm handbook\n", "% kb rm handbook\n"},
    {"ask",
     "% ask \"How many days of leave?\" --kb handbook\n"
     "% ask \"And in the first year?\" --kb handbook --conversation ID\n",
     "% ask \"年假有几天？\" --kb handbook\n"
     "% ask \"第一年呢？\" --kb handbook --conversation ID\n"},
    {"search",
     "% search \"annual leave\" --kb handbook --limit 3\n",
     "% search \"年假\" --kb handbook --limit 3\n"},
    {"backup",
     "% backup create\n"
     "% backup list\n",
     "% backup create\n"
     "% backup list\n"},
    {"backup create",
     "% backup create nightly --to /mnt/disk/nightly\n"
     "% backup create --collection Article\n",
     "% backup create nightly --to /mnt/disk/nightly\n"
     "% backup create --collection Article\n"},
    {"backup list", "% backup list\n", "% backup list\n"},
    {"backup verify", "% backup verify nightly\n", "% backup verify nightly\n"},
    {"backup restore",
     "% backup restore nightly --collection Article=ArticleOfMonday\n"
     "% backup restore /mnt/disk/nightly\n",
     "% backup restore nightly --collection Article=ArticleOfMonday\n"
     "% backup restore /mnt/disk/nightly\n"},
    {"backup rm", "% backup rm nightly\n", "% backup rm nightly\n"},
    {"import",
     "% import weaviate http://localhost:8080\n",
     "% import weaviate http://localhost:8080\n"},
    {"import weaviate",
     "% import weaviate http://localhost:8080\n"
     "% import weaviate https://w.example.org --api-key KEY --collection Article\n",
     "% import weaviate http://localhost:8080\n"
     "% import weaviate https://w.example.org --api-key 密钥 --collection Article\n"},
    {"key",
     "% key create alice --role admin\n% key list\n",
     "% key create alice --role admin\n% key list\n"},
    {"key create",
     "% key create alice --role admin     # from the first one on, every request needs a key\n",
     "% key create alice --role admin     # 有了第一个管理员密钥后，所有请求都需要密钥\n"},
    {"key list", "% key list\n", "% key list\n"},
    {"key revoke", "% key revoke 2\n", "% key revoke 2\n"},
    {"launch",
     "% launch                            # what can be started, and what others need\n"
     "% launch claude --model qwen3\n"
     "% launch codex --config             # its variables, for a shell\n",
     "% launch                            # 可启动的工具，以及其他工具需要的设置\n"
     "% launch claude --model qwen3\n"
     "% launch codex --config             # 输出需要设置的环境变量\n"},
    {"signin", "% signin\n", "% signin\n"},
    {"signout", "% signout\n", "% signout\n"},
    {"completion",
     "% completion bash > /etc/bash_completion.d/%\n"
     "source <(% completion zsh)            # in ~/.zshrc\n"
     "% completion fish > ~/.config/fish/completions/%.fish\n",
     "% completion bash > /etc/bash_completion.d/%\n"
     "source <(% completion zsh)            # 写入 ~/.zshrc\n"
     "% completion fish > ~/.config/fish/completions/%.fish\n"},
    {"serve", "% serve\n", "% serve\n"},
    {"help", "% help run\n% help kb add\n", "% help run\n% help kb add\n"},
};

std::string footer(Language language, std::string_view program, std::string_view command) {
    const auto found = std::ranges::find(kExamples, command, &Examples::command);
    if (found == std::end(kExamples)) return "";
    const bool chinese = language == Language::chinese;
    std::string out = chinese ? "示例：\n  " : "Examples:\n  ";
    const std::string_view text = chinese ? found->chinese : found->english;
    for (const char c : text.substr(0, text.size() - 1)) {
        if (c == '%')
            out += program;
        else
            out += c;
        if (c == '\n') out += "  ";
    }
    return out + "\n";
}

void write_in_chinese(::CLI::App& app) {
    const auto formatter = app.get_formatter();
    formatter->label("Usage", "用法");
    formatter->label("OPTIONS", "选项");
    formatter->label("SUBCOMMAND", "命令");
    formatter->label("SUBCOMMANDS", "命令");
    formatter->label("Positionals", "参数");
    formatter->label("REQUIRED", "（必需）");
    for (::CLI::Option* option : app.get_options()) {
        if (option->get_group() == "Options") option->group("选项");
    }
    for (::CLI::App* sub : app.get_subcommands([](const ::CLI::App*) { return true; }))
        sub->group("命令");
}

void describe_command(
    Language language, std::string_view program, const std::string& path, ::CLI::App& app
) {
    app.footer(footer(language, program, path));
    const bool chinese = language == Language::chinese;
    if (app.get_help_ptr() != nullptr)
        app.set_help_flag("-h,--help", chinese ? "显示帮助并退出" : "Show this help and exit");
    if (chinese) write_in_chinese(app);
    for (::CLI::App* sub : app.get_subcommands([](const ::CLI::App*) { return true; }))
        describe_command(
            language, program, path + (path.empty() ? "" : " ") + sub->get_name(), *sub
        );
}

}  // namespace

void describe_in(Language language, std::string_view program, ::CLI::App& app) {
    describe_command(language, program, "", app);
}

}  // namespace moat::cli
